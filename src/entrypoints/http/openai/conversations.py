"""Conversations: /v1/conversations. A conversation is a session, and goes by its identifier."""

from litestar import delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from application.paging import PageRequest
from application.sessions.add_messages import AddMessages, AddMessagesCommand
from application.sessions.delete_session import DeleteSession, DeleteSessionCommand
from application.sessions.edit_session import EditSession, EditSessionCommand
from application.sessions.open_session import OpenSession, OpenSessionCommand
from application.sessions.queries import ReadMessages, ReadSession
from application.sessions.read_message import ReadMessage
from application.sessions.remove_message import RemoveMessage, RemoveMessageCommand
from entrypoints.http.access import SignedIn, UseCase, signed_in
from entrypoints.http.areas import Area
from entrypoints.http.field_names import field_names
from entrypoints.http.idempotency import KeyedOnce, once_in
from entrypoints.http.openai.conversations_wire import (
    ASSISTANT,
    AddedItemsIn,
    ConversationIn,
    ConversationOut,
    ConversationPatchIn,
)
from entrypoints.http.openai.errors import HANDLERS, PAGING, refuse_query
from entrypoints.http.openai.items import ItemOut, items_said, turns_of
from entrypoints.http.own_errors import may_answer
from entrypoints.http.parameters import message_in_path, pages, session_in_path
from entrypoints.http.positions import freshness_of
from entrypoints.http.scopes import CHAT, READ
from entrypoints.http.wire import DeletedOut, ListOut, list_of


@post(
    "/", status_code=200, opt=CHAT, summary="Create a conversation", responses=may_answer(404),
    exception_handlers=HANDLERS,  # type: ignore[arg-type]
)
async def make_conversation(
    request: SignedIn, data: JSONBody[ConversationIn], open_session: UseCase[OpenSession], once: KeyedOnce
) -> ConversationOut:
    """Open a session, with the builtin assistant unless `agent_id` says with whom, and with what was said before in `items`."""
    turns = turns_of(items_said(data.items or [], "items"))
    command = OpenSessionCommand(request.auth, data.agent_id or ASSISTANT, None, data.metadata or {}, once, turns)
    with field_names(content="items"):
        return ConversationOut.of(await open_session.execute(command))


@get(
    "/{conversation_id:str}", opt=READ, summary="Retrieve a conversation", exception_handlers=HANDLERS,  # type: ignore[arg-type]
)
async def read_one(request: SignedIn, conversation_id: FromPath[str], read_session: UseCase[ReadSession]) -> ConversationOut:
    """Return one of the caller's sessions as a conversation."""
    wanted = session_in_path(conversation_id)
    return ConversationOut.of(await read_session.execute(request.auth, wanted, freshness_of(request)))


@post(
    "/{conversation_id:str}", status_code=200, opt=CHAT, summary="Update a conversation",
    exception_handlers=HANDLERS,  # type: ignore[arg-type]
)
async def change(
    request: SignedIn, conversation_id: FromPath[str], data: JSONBody[ConversationPatchIn], edit_session: UseCase[EditSession],
    once: KeyedOnce,
) -> ConversationOut:
    """Replace the metadata."""
    command = EditSessionCommand(request.auth, session_in_path(conversation_id), metadata=data.metadata or {}, once=once)
    return ConversationOut.of(await edit_session.execute(command))


@delete(
    "/{conversation_id:str}", status_code=200, opt=CHAT, summary="Delete a conversation",
    exception_handlers=HANDLERS,  # type: ignore[arg-type]
)
async def remove(
    request: SignedIn, conversation_id: FromPath[str], delete_session: UseCase[DeleteSession], once: KeyedOnce
) -> DeletedOut:
    """Delete the session with its messages and runs; at OpenAI the items would stay."""
    wanted = session_in_path(conversation_id)
    await delete_session.execute(DeleteSessionCommand(request.auth, wanted, once))
    return DeletedOut(wanted, "conversation.deleted")


@get(
    "/{conversation_id:str}/items", opt=READ, summary="List items", exception_handlers=HANDLERS,  # type: ignore[arg-type]
    dependencies={"page": Provide(pages("message"), sync_to_thread=False)},
)
async def read_items(
    request: SignedIn, conversation_id: FromPath[str], page: NamedDependency[PageRequest], read_messages: UseCase[ReadMessages]
) -> ListOut[ItemOut]:
    """Return a page of the conversation's messages."""
    messages = await read_messages.execute(request.auth, session_in_path(conversation_id), page, freshness_of(request))
    refuse_query(request, *PAGING)
    return list_of(messages, ItemOut.of)


@post(
    "/{conversation_id:str}/items", status_code=200, opt=CHAT, summary="Add items",
    exception_handlers=HANDLERS,  # type: ignore[arg-type]
)
async def add_items(
    request: SignedIn, conversation_id: FromPath[str], data: JSONBody[AddedItemsIn], read_session: UseCase[ReadSession],
    add_messages: UseCase[AddMessages], once: KeyedOnce
) -> ListOut[ItemOut]:
    """Add messages of the user's and the assistant's behind those that are there; nobody replies to them."""
    wanted = session_in_path(conversation_id)
    await read_session.execute(request.auth, wanted)
    refuse_query(request)
    turns = turns_of(items_said(data.items, "items"))
    with field_names(content="items"):
        added = await add_messages.execute(AddMessagesCommand(request.auth, wanted, turns, once))
    items = [ItemOut.of(one) for one in added]
    first, last = (items[0].id, items[-1].id) if items else (None, None)
    return ListOut(items, first, last, has_more=False)


@get(
    "/{conversation_id:str}/items/{item_id:str}", opt=READ, summary="Retrieve an item",
    exception_handlers=HANDLERS,  # type: ignore[arg-type]
)
async def read_item(
    request: SignedIn, conversation_id: FromPath[str], item_id: FromPath[str], read_message: UseCase[ReadMessage]
) -> ItemOut:
    """Return one message."""
    wanted = session_in_path(conversation_id), message_in_path(item_id)
    message = await read_message.execute(request.auth, *wanted, freshness_of(request))
    refuse_query(request)
    return ItemOut.of(message)


@delete(
    "/{conversation_id:str}/items/{item_id:str}", status_code=200, opt=CHAT, summary="Delete an item",
    exception_handlers=HANDLERS,  # type: ignore[arg-type]
)
async def remove_item(
    request: SignedIn, conversation_id: FromPath[str], item_id: FromPath[str], remove_message: UseCase[RemoveMessage],
    once: KeyedOnce,
) -> ConversationOut:
    """Take a message out of the conversation."""
    wanted = session_in_path(conversation_id), message_in_path(item_id)
    return ConversationOut.of(await remove_message.execute(RemoveMessageCommand(request.auth, *wanted, once)))


area = Area(
    "/v1/conversations", guards=[signed_in], dependencies={"once": Provide(once_in("shard"))}, tags=["openai"],
    route_handlers=[make_conversation, read_one, change, remove, read_items, add_items, read_item, remove_item],
)
