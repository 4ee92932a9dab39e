from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.clock import HandClock
from adapters.memory.entropy import MemoryEntropy
from domain.shared.identifiers import BUCKETS, bucket_of, millis_of, parse_identifier


def drawn(seed: int) -> list[str]:
    entropy = MemoryEntropy(seed)
    return [entropy.identifier("user", entropy.bucket()) for _ in range(5)] + [entropy.secret("ola_") for _ in range(5)]


def test_a_seed_foretells_everything_and_another_seed_something_else() -> None:
    assert drawn(1) == drawn(1)
    assert not set(drawn(1)) & set(drawn(2))
    assert len(set(drawn(1))) == 10


@given(st.lists(st.tuples(st.integers(0, BUCKETS - 1), st.floats(0, 0.01)), max_size=20), st.integers(0, 10))
def test_identifiers_sort_in_the_order_of_their_making_whatever_their_bucket(steps: list[tuple[int, float]], seed: int) -> None:
    clock = HandClock()
    entropy, made = MemoryEntropy(seed, clock), list[str]()
    for bucket, seconds in steps:
        clock.advance(seconds)
        made.append(parse_identifier("session", entropy.identifier("session", bucket), param="id"))
    assert [bucket_of(one) for one in made] == [bucket for bucket, _ in steps]
    assert sorted(set(made)) == made


def test_an_identifier_is_of_now(clock: HandClock) -> None:
    entropy = MemoryEntropy(clock=clock)
    entropy.identifier("run", 0)
    clock.advance(60)
    assert millis_of(entropy.identifier("run", 0)) == int(clock.now().timestamp() * 1_000)


def test_buckets_lie_in_their_range() -> None:
    entropy = MemoryEntropy()
    assert all(0 <= entropy.bucket() < BUCKETS for _ in range(1_000))
