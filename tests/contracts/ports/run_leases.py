"""What leases keep, among several nodes on one store. Other tests' runs may be claimed along: only one's own are looked at."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from application.ports.run_leases import RunLeases
from application.ports.shards import Shards
from domain.runs.run import Run, RunStatus, Usage
from tests.contracts.ports.shards.access import read_run, save_run
from tests.support.builders import LATER, new_session, new_user_id, said

Join = Callable[[], RunLeases]
Elapse = Callable[[], Awaitable[None]]


async def begun_by(leases: RunLeases, shards: Shards) -> Run:
    """Return a stored run that this node makes."""
    session = new_session(new_user_id())
    message, run = said(session)
    run.node = leases.node
    async with shards.open(session.owner_id) as unit:
        unit.sessions.add(session)
        unit.messages.add(message)
        unit.runs.add(run)
        await unit.commit()
    return run


def found(run: Run, claimed: "list[Run] | tuple[Run, ...]") -> Run | None:
    return next((one for one in claimed if one.id == run.id), None)


class RunLeasesSuite:
    """`join` makes another node, `elapse` lets more than a lease's time go by."""

    @pytest.fixture
    async def first(self, join: Join) -> RunLeases:
        leases = join()
        await leases.renew()
        return leases

    @pytest.fixture
    async def second(self, join: Join) -> RunLeases:
        leases = join()
        await leases.renew()
        return leases

    async def claim(self, leases: RunLeases, run: Run) -> Run | None:
        return found(run, list(await leases.claim(1_000)))

    async def test_nodes_have_names_of_their_own(self, first: RunLeases, second: RunLeases) -> None:
        assert first.node != second.node

    async def test_a_living_nodes_runs_are_its_own(
        self, first: RunLeases, second: RunLeases, shards: Shards, elapse: Elapse
    ) -> None:
        run = await begun_by(first, shards)
        assert first.tenure is not None
        assert await self.claim(second, run) is None
        await elapse()
        await first.renew()
        assert first.tenure is not None
        assert await self.claim(second, run) is None
        assert (await read_run(shards, run.owner_id, run.id)).attempt == 1

    async def test_a_dead_nodes_run_comes_to_one_claimer_at_its_next_attempt(
        self, first: RunLeases, join: Join, shards: Shards, elapse: Elapse
    ) -> None:
        run = await begun_by(first, shards)
        await elapse()
        assert first.tenure is None
        claimers = [join() for _ in range(8)]
        await asyncio.gather(*(claimer.renew() for claimer in claimers))
        claims = [found(run, list(one)) for one in await asyncio.gather(*(claimer.claim(1_000) for claimer in claimers))]
        (winner,) = [number for number, claim in enumerate(claims) if claim is not None]
        claimed = claims[winner]
        assert claimed is not None
        assert (claimed.attempt, claimed.losses, claimed.node) == (2, 1, claimers[winner].node)
        assert await read_run(shards, run.owner_id, run.id) == claimed

    async def test_what_the_earlier_node_still_wants_to_store_is_stale(
        self, first: RunLeases, second: RunLeases, shards: Shards, elapse: Elapse
    ) -> None:
        run = await begun_by(first, shards)
        await elapse()
        await second.renew()
        claimed = await self.claim(second, run)
        assert claimed is not None
        run.complete(Usage(1, 1), last_seq=3, now=LATER)
        with pytest.raises(Exception, match="Somebody"):
            await save_run(shards, run)
        claimed.complete(Usage(1, 1), last_seq=3, now=LATER)
        await save_run(shards, claimed)

    async def test_a_node_that_leaves_hands_its_runs_over_without_a_loss(
        self, first: RunLeases, second: RunLeases, shards: Shards
    ) -> None:
        run = await begun_by(first, shards)
        await first.release()
        claimed = await self.claim(second, run)
        assert claimed is not None
        assert (claimed.attempt, claimed.losses) == (2, 0)

    async def test_an_ended_run_is_not_claimed(self, first: RunLeases, second: RunLeases, shards: Shards) -> None:
        run = await begun_by(first, shards)
        run.complete(Usage(1, 1), last_seq=3, now=LATER)
        await save_run(shards, run)
        await first.release()
        assert await self.claim(second, run) is None
        assert (await read_run(shards, run.owner_id, run.id)).status is RunStatus.COMPLETED

    async def test_a_run_to_be_cancelled_is_told_to_its_node_alone(
        self, first: RunLeases, second: RunLeases, shards: Shards
    ) -> None:
        run, other = await begun_by(first, shards), await begun_by(first, shards)
        run.request_cancel()
        await save_run(shards, run)
        told = await first.renew()
        assert (run.id in told, other.id in told) == (True, False)
        assert run.id not in await second.renew()
        run.cancel(None, last_seq=3, now=LATER)
        await save_run(shards, run)
        assert run.id not in await first.renew()

    async def test_own_runs_that_nobody_makes_are_taken_again(self, first: RunLeases, shards: Shards) -> None:
        run, made = await begun_by(first, shards), await begun_by(first, shards)
        taken = list(await first.reclaim([made.id], 1_000))
        stray = found(run, taken)
        assert stray is not None
        assert (stray.attempt, stray.losses, stray.node) == (2, 0, first.node)
        assert found(made, taken) is None

    async def test_runs_of_a_node_that_nobody_remembers_are_taken(self, first: RunLeases, join: Join, shards: Shards) -> None:
        run = await begun_by(join(), shards)
        assert await self.claim(first, run) is None
        taken = found(run, list(await first.reclaim([], 1_000)))
        assert taken is not None
        assert (taken.attempt, taken.node) == (2, first.node)

    async def test_a_claim_takes_no_more_than_it_is_asked_for(
        self, first: RunLeases, second: RunLeases, shards: Shards
    ) -> None:
        runs = [await begun_by(first, shards) for _ in range(3)]
        await first.release()
        while claimed := await second.claim(1):
            assert len(claimed) == 1
        assert {(await read_run(shards, run.owner_id, run.id)).node for run in runs} == {second.node}
