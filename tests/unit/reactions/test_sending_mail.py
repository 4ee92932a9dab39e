"""Letters go out by the outbox: each by itself, with a secret that lies nowhere."""

import asyncio

from adapters.memory.catalog import MemoryCatalog
from adapters.memory.notifier import MemoryNotifier
from adapters.memory.store import MemoryStore
from application.ports.notifier import Letter, LetterRefused, Notifier
from application.ports.outbox import Envelope
from domain.shared.errors import Unavailable
from domain.shared.secrets import fingerprint
from domain.users.mailed_token import MailPurpose, MailWanted
from domain.users.user import User
from tests.support.builders import new_user_id
from tests.support.storing import store_user
from tests.unit.reactions.relaying import CLOCK, ListOutbox, event_id, mail_by, relay_of


class PickyNotifier(Notifier):
    """Takes letters to some, and says what it was told to say of those to others."""

    def __init__(self, **answers: Exception) -> None:
        self.answers, self.letters = answers, list[Letter]()

    async def send(self, letter: Letter) -> None:
        if (problem := self.answers.get(letter.to.partition("@")[0])) is not None:
            raise problem
        self.letters.append(letter)

    async def close(self) -> None:
        """Hold nothing."""


def wanted(number: int, user: User, purpose: MailPurpose = MailPurpose.RESET_PASSWORD, attempts: int = 1) -> Envelope:
    return Envelope(event_id(number), "catalog", MailWanted(user.id, purpose), attempts)


async def store_three(catalog: MemoryCatalog) -> list[User]:
    return [await store_user(catalog, f"{name}@example.org") for name in ("ada", "bob", "eve")]


async def test_a_letter_that_is_not_taken_waits_and_no_other_is_sent_twice_for_it() -> None:
    catalog = MemoryCatalog(MemoryStore(CLOCK))
    users, notifier = await store_three(catalog), PickyNotifier(bob=Unavailable("greylisted"))
    outbox = ListOutbox(*(wanted(number, user) for number, user in enumerate(users)))
    relay = relay_of(outbox, mail=mail_by(notifier, catalog))
    assert await relay.execute() == 2
    outbox.later.clear()
    notifier.answers.clear()
    assert await relay.execute() == 1
    assert sorted(letter.to for letter in notifier.letters) == ["ada@example.org", "bob@example.org", "eve@example.org"]
    assert outbox.due == []


async def test_a_letter_that_is_refused_dies_at_once() -> None:
    catalog = MemoryCatalog(MemoryStore(CLOCK))
    users, notifier = await store_three(catalog), PickyNotifier(eve=LetterRefused("The mail server refuses it with 550."))
    outbox = ListOutbox(*(wanted(number, user) for number, user in enumerate(users)))
    await relay_of(outbox, mail=mail_by(notifier, catalog)).execute()
    assert list(outbox.dead.values()) == ["LetterRefused: The mail server refuses it with 550."]


async def test_for_nobody_and_for_who_is_verified_no_letter_is_written() -> None:
    catalog, notifier = MemoryCatalog(MemoryStore(CLOCK)), MemoryNotifier()
    user = await store_user(catalog)
    user.verify_email(now=CLOCK.now())
    async with catalog.open() as unit:
        unit.users.save(user)
        await unit.commit()
    gone = Envelope(event_id(2), "catalog", MailWanted(new_user_id(), MailPurpose.RESET_PASSWORD), 1)
    outbox = ListOutbox(wanted(1, user, MailPurpose.VERIFY_EMAIL), gone)
    assert await relay_of(outbox, mail=mail_by(notifier, catalog)).execute() == 2
    assert notifier.letters == []


async def test_of_the_token_in_the_letter_the_fingerprint_is_stored_and_nothing_else() -> None:
    store, notifier = MemoryStore(CLOCK), MemoryNotifier()
    catalog = MemoryCatalog(store)
    user = await store_user(catalog)
    await relay_of(ListOutbox(wanted(1, user)), mail=mail_by(notifier, catalog)).execute()
    [letter] = notifier.letters
    token = letter.text.partition("#token=")[2].split()[0]
    tables = await store.read()
    [stored] = tables.mailed_tokens.values()
    assert stored.fingerprint == fingerprint(token)
    assert len(token) == len("olm_") + 43
    assert token not in repr(tables) + repr(letter)


async def test_a_notifier_that_hangs_is_not_waited_for_and_keeps_nobody_else_from_a_letter() -> None:
    class Hanging(PickyNotifier):
        async def send(self, letter: Letter) -> None:
            if letter.to.startswith("bob"):
                raise TimeoutError
            await asyncio.sleep(0)
            await super().send(letter)

    catalog, notifier = MemoryCatalog(MemoryStore(CLOCK)), Hanging()
    users = await store_three(catalog)
    outbox = ListOutbox(*(wanted(number, user) for number, user in enumerate(users)))
    assert await relay_of(outbox, mail=mail_by(notifier, catalog)).execute() == 2
    assert list(outbox.later) == [event_id(1)]
