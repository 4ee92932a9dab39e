"""The contract holds for every composition of layers."""

import pytest

from tests.unit.caching.proof.machine import CacheMachine, FaultyMachine, prove

BOTH = "process,redis"


@pytest.mark.parametrize("layers", [(BOTH, BOTH, BOTH), ("redis", "redis", "redis"), (BOTH, "redis", BOTH)])
def test_nobody_reads_what_is_older_than_promised_whatever_goes_wrong(layers: tuple[str, ...]) -> None:
    prove(FaultyMachine, examples=80, layers=layers)


@pytest.mark.parametrize("layers", [("process",), ("none", "none", "none")])
def test_without_a_shared_store_every_acknowledged_write_is_seen(layers: tuple[str, ...]) -> None:
    prove(CacheMachine, examples=40, layers=layers)
