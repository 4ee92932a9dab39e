"""How a move is told."""

import pytest

from domain.shared.bucket_move import BucketMove, Phase, buckets_text


@pytest.mark.parametrize(("buckets", "text"), [
    ((7,), "bucket 7"), ((9, 7, 8), "buckets 7-9"), ((1, 3, 4), "buckets 1, 3-4"),
    (tuple(range(0, 20, 2)), "buckets 0, 2, 4, 6, 8, 10 and 4 more runs"),
])
def test_buckets_are_told_in_few_words(buckets: tuple[int, ...], text: str) -> None:
    assert buckets_text(buckets) == text


def test_a_move_can_be_taken_back_until_the_flip() -> None:
    assert [phase for phase in Phase if not phase.revocable] == [
        Phase.FLIPPED, Phase.MISMATCH, Phase.VERIFIED, Phase.DONE, Phase.ABORTED
    ]
    assert str(BucketMove("move_1", (7,), 0, 1)) == "bucket 7 from shard 0 to shard 1"
