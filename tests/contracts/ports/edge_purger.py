"""What every edge does.

The fixtures: `edge`, which purges; `stored`, which stores an answer at the edge under an address with keys; `serves`, which tells
whether the edge still has a fresh answer for an address; `away`, which purges at an address where nobody answers.
"""

from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import pytest

from application.ports.edge import LONGEST_KEY, EdgePurger, PurgeRefused
from domain.shared.errors import Unavailable

Stored = Callable[[str, Sequence[str]], Awaitable[None]]
Serves = Callable[[str], Awaitable[bool]]
UNFIT = ("", "two words", "one,other", "new\nline", "é", "x" * (LONGEST_KEY + 1))


def word() -> str:
    """Return a key that no other test has."""
    return uuid4().hex


class EdgePurgerSuite:
    """All of it."""

    async def test_what_bears_one_of_the_keys_is_out_of_date_and_nothing_else(
        self, edge: EdgePurger, stored: Stored, serves: Serves
    ) -> None:
        all_of_them, one, other = word(), word(), word()
        await stored("/one", [all_of_them, one])
        await stored("/other", [all_of_them, other])
        await edge.purge([one], word())
        assert (await serves("/one"), await serves("/other")) == (False, True)
        await edge.purge([word(), all_of_them], word())
        assert not await serves("/other")

    async def test_a_purge_twice_equals_once(self, edge: EdgePurger, stored: Stored, serves: Serves) -> None:
        key, name = word(), word()
        await stored("/one", [key])
        await edge.purge([key], name)
        await edge.purge([key], name)
        assert not await serves("/one")

    async def test_what_is_stored_after_a_purge_stays(self, edge: EdgePurger, stored: Stored, serves: Serves) -> None:
        key = word()
        await stored("/one", [key])
        await edge.purge([key], word())
        await stored("/one", [key])
        assert await serves("/one")

    async def test_hundreds_of_keys_are_purged_at_once(self, edge: EdgePurger, stored: Stored, serves: Serves) -> None:
        keys = [f"agent:{number}-{word()}" for number in range(350)]
        for number in (0, 173, 349):
            await stored(f"/{number}", [keys[number]])
        await edge.purge(keys, word())
        assert [await serves(f"/{number}") for number in (0, 173, 349)] == [False] * 3

    async def test_keys_of_the_greatest_length_are_purged(self, edge: EdgePurger, stored: Stored, serves: Serves) -> None:
        keys = [(word() * 40)[:LONGEST_KEY] for _ in range(9)]
        await stored("/long", keys[-1:])
        await edge.purge(keys, word())
        assert not await serves("/long")

    @pytest.mark.parametrize("unfit", UNFIT, ids=range(len(UNFIT)))
    async def test_a_key_that_not_every_edge_can_take_is_refused_and_nothing_purged(
        self, edge: EdgePurger, stored: Stored, serves: Serves, unfit: str
    ) -> None:
        key = word()
        await stored("/one", [key])
        with pytest.raises(PurgeRefused):
            await edge.purge([key, unfit], word())
        assert await serves("/one")

    async def test_no_keys_are_no_purge(self, edge: EdgePurger, stored: Stored, serves: Serves) -> None:
        await stored("/one", [word()])
        await edge.purge([], word())
        assert await serves("/one")

    async def test_an_edge_that_is_away_is_told(self, away: EdgePurger) -> None:
        with pytest.raises(Unavailable):
            await away.purge([word()], word())

    async def test_an_edge_that_is_closed_was_never_needed(self, away: EdgePurger) -> None:
        await away.close()
        await away.close()

    async def test_it_tells_how_answers_name_their_keys(self, edge: EdgePurger) -> None:
        assert edge.dialect.header.replace("-", "").isalnum()
        assert edge.dialect.separator in {" ", ","}
