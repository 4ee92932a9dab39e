import pytest
from hiredis import ReplyError

from adapters.redis.redirects import Redirect, redirect_of
from adapters.redis.slots import slot_of
from domain.shared.errors import Unavailable


def test_a_command_goes_by_its_key_and_by_the_tag_in_it() -> None:
    assert slot_of(("GET", "foo")) == slot_of(("EVALSHA", "digest", 1, "foo", "bar")) == 12182
    assert slot_of(("EVAL", "source", 2, "{user}1", b"{user}2")) == slot_of(("GET", "user"))
    assert slot_of(("PUBLISH", "foo", "x")) is None


def test_keys_of_several_slots_are_refused_before_anything_is_sent() -> None:
    with pytest.raises(ValueError, match="hash tag"):
        slot_of(("EVALSHA", "digest", 2, "a", "b"))


def test_only_what_was_not_carried_out_is_sent_on() -> None:
    assert redirect_of(ReplyError("MOVED 12182 127.0.0.1:7001")) == Redirect("127.0.0.1", 7001, asking=False)
    assert redirect_of(ReplyError("ASK 12182 ::1:7001")) == Redirect("::1", 7001, asking=True)
    assert redirect_of(ReplyError("WRONGTYPE no")) is None
    assert redirect_of(b"MOVED 1 host:1") is None


@pytest.mark.parametrize("answer", ["TRYAGAIN Multiple keys request during rehashing", "CLUSTERDOWN Hash slot not served"])
def test_a_cluster_that_cannot_serve_a_key_now_is_unavailable(answer: str) -> None:
    with pytest.raises(Unavailable):
        redirect_of(ReplyError(answer))
