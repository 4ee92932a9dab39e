"""Viewers that are silent for long, stay for long, or do not read; over server-sent events and WebSocket alike."""

import asyncio
from typing import Any

from adapters.models.scripted import Script
from tests.support.api import Caller, events_of, text_of
from tests.support.realtime import Listen, Node, Paced, narrow_socket, seqs, stream_of, until_not

# Some megabytes, in events of a size that no buffer swallows whole.
FLOOD = Script(tokens=400, words=("x" * 8_000, "y" * 8_000), pace=0.001)


async def flooding(node: Node, caller: Caller) -> str:
    """Return a session with an agent that has much to say."""
    node.scripted.scripts["flood"] = FLOOD
    return await node.of(caller).session(await node.of(caller).agent("flood"))


async def read_frames(reader: asyncio.StreamReader) -> tuple[list[dict[str, Any]], bool]:
    """Return the whole events that are left of a stream, and whether it was closed in due form."""
    text = b""
    try:
        while piece := await reader.read(65_536):
            text += piece
    except ConnectionResetError:
        pass
    body = text.partition(b"\r\n\r\n")[2]
    plain = b"\n\n".join(piece for piece in _unchunked(body).split(b"\n\n")[:-1])
    return events_of(plain.decode()), body.endswith(b"0\r\n\r\n")


def _unchunked(body: bytes) -> bytes:
    plain = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        plain += body[:length]
        body = body[length + 2 :]
    return plain


class ViewersSuite:
    async def test_a_comment_is_sent_in_silence(self, near: Node, listen: Listen) -> None:
        caller = await near.api.sign_up()
        async with listen(Paced(silence=0.05)) as node:
            session = await node.of(caller).session(await caller.agent("scripted-hangs"))
            async with stream_of(node.of(caller), session) as lines:
                kinds = [await anext(lines) for _ in range(12)]
        assert kinds.count(": keep-alive") >= 2
        assert [line for line in kinds if line.startswith("event: ")] == ["event: run.created"]

    async def test_a_stream_ends_after_its_lifetime_and_the_viewer_goes_on(self, near: Node, listen: Listen) -> None:
        caller = await near.api.sign_up()
        async with listen(Paced(lifetime=0.2)) as node:
            session = await node.of(caller).session(await caller.agent("scripted-slow"))
            events = events_of((await node.of(caller).say(session, stream=True)).text)
            assert "end" not in {event["type"] for event in events}
            run = events[0]["run_id"]
            while events[-1]["type"] != "end":
                events += await node.of(caller).events(run, params={"starting_after": events[-1]["seq"]})
        assert events == await caller.events(run)
        assert text_of(events) == Script().text

    async def test_a_stream_that_nobody_reads_is_cut_off_and_the_viewer_comes_back(self, near: Node, listen: Listen) -> None:
        caller = await near.api.sign_up()
        async with listen(Paced(patience=0.2)) as node:
            session = await flooding(node, caller)
            run = await node.of(caller).begin(session)
            reader, writer = await asyncio.open_connection(sock=narrow_socket(node.port), limit=1_024)
            writer.write(
                f"GET /v1/runs/{run}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {caller.token}\r\n\r\n".encode()
            )
            await node.serves(1, 0)
            await node.serves(0, 0)
            seen, whole_stream = await read_frames(reader)
            writer.close()
            assert not whole_stream
            assert "end" not in {event["type"] for event in seen}
            last = seen[-1]["seq"] if seen else 0
            rest = await caller.events(run, params={"starting_after": last})
        assert seen + rest == await caller.events(run)
        assert text_of(seen + rest) == FLOOD.text

    async def test_a_socket_that_nobody_reads_is_dropped_and_the_client_comes_back(self, near: Node, listen: Listen) -> None:
        caller = await near.api.sign_up()
        async with listen(Paced(patience=0.2)) as node:
            session = await flooding(node, caller)
            async with near.tab(caller) as reading, node.tab(caller, sock=narrow_socket(node.port)) as tab:
                run = await node.of(caller).begin(session)
                whole = await reading.to_the_end_of(run)
                await node.serves(0, 0)
                assert await tab.closed() == 1013
                seen = tab.frames
            assert 0 < len(seen) < len(whole)
            async with near.tab(caller) as again:
                await again.tell("run.follow", run_id=run, starting_after=seen[-1]["seq"])
                rest = await again.to_the_end_of(run)
        assert seen + rest == whole == await caller.events(run)
        assert text_of(whole) == FLOOD.text

    async def test_a_client_that_never_reads_again_keeps_no_connection(self, near: Node, listen: Listen) -> None:
        caller = await near.api.sign_up()
        async with listen(Paced(patience=0.2)) as node:
            session, client = await flooding(node, caller), narrow_socket(node.port)
            here = client.getsockname()[1]
            async with node.tab(caller, sock=client, close_timeout=0.1) as tab:
                await node.of(caller).begin(session)
                await tab.until("run.created")
                assert node.keeps_connection_of(here)
                await until_not(lambda: node.keeps_connection_of(here), within=30)

    async def test_a_long_replay_comes_whole_over_both(self, near: Node, listen: Listen) -> None:
        caller = await near.api.sign_up()
        async with listen() as node:
            node.scripted.scripts["long"] = Script(tokens=600, words=("a ", "b "), pace=0.006)
            session = await node.of(caller).session(await node.of(caller).agent("long"))
            whole = events_of((await node.of(caller).say(session, stream=True)).text)
            assert len(whole) > 200
            run = whole[0]["run_id"]
            assert await node.of(caller).events(run) == whole
            async with node.tab(caller) as tab:
                await tab.tell("run.follow", run_id=run)
                assert await tab.to_the_end_of(run) == whole
        assert seqs(whole) == list(range(1, len(whole) + 1))
