from dataclasses import dataclass, field

from entrypoints.http.codings import CODINGS, IDENTITY
from entrypoints.http.negotiation import Choice
from entrypoints.http.rendered import Rendered, RenderedAnswer
from tests.unit.http.test_negotiation import decoded


@dataclass(frozen=True)
class View:
    """What is shown; two with the same text are equal, and still two."""

    text: str


@dataclass
class Encoder:
    """Encodes views, and knows which."""

    seen: list[View] = field(default_factory=list)

    def __call__(self, view: View) -> bytes:
        self.seen.append(view)
        return view.text.encode()


def test_the_same_view_is_encoded_once() -> None:
    encoder, view = Encoder(), View("hello")
    rendered = Rendered(encoder)
    first = rendered.render("key", view)
    assert rendered.render("key", view) is first
    assert first.body == b"hello"
    assert len(encoder.seen) == 1


def test_a_new_view_is_encoded_even_if_it_is_equal_and_takes_the_place_of_the_old_one() -> None:
    encoder = Encoder()
    rendered = Rendered(encoder)
    old, new = View("hello"), View("hello, all")
    rendered.render("key", old)
    assert rendered.render("key", new).body == b"hello, all"
    assert rendered.render("key", View("hello, all")).etag == rendered.render("key", new).etag
    weight = rendered.bytes
    assert rendered.render("key", old).body == b"hello"
    assert len(encoder.seen) == 5
    assert rendered.bytes < weight


def test_keys_do_not_share_views() -> None:
    rendered = Rendered(Encoder())
    assert rendered.render("one", View("1")).body == b"1"
    assert rendered.render("two", View("2")).body == b"2"


def test_no_more_than_so_many_bytes_are_remembered_and_the_least_recently_used_goes() -> None:
    encoder, views = Encoder(), [View(f"{number}" * 1_000) for number in range(9)]
    rendered = Rendered(encoder, most_bytes=16_000)
    for number, view in enumerate(views):
        rendered.render(number, view)
        rendered.render(0, views[0])
        assert rendered.bytes <= 16_000
    assert len(encoder.seen) == 9
    rendered.render(1, views[1])
    assert len(encoder.seen) == 10


def test_what_is_too_large_is_rendered_and_forgotten() -> None:
    encoder, view = Encoder(), View("x" * 10_000)
    rendered = Rendered(encoder, most_bytes=16_000)
    assert len(rendered.render("key", view).body) == 10_000
    rendered.render("key", view)
    assert (len(encoder.seen), rendered.bytes) == (2, 0)


def test_each_coding_is_made_once_and_is_the_body() -> None:
    answer = RenderedAnswer(b"to be or not to be " * 100)
    for coding in CODINGS:
        encoded = answer.encoded(coding)
        assert answer.encoded(coding) is encoded
        assert len(encoded) < len(answer.body)
        assert decoded(coding, encoded) == answer.body


def test_tags_tell_bodies_apart_and_say_that_they_are_weak() -> None:
    one, two = RenderedAnswer(b"one"), RenderedAnswer(b"two")
    assert one.etag.startswith('W/"')
    assert one.etag == RenderedAnswer(b"one").etag != two.etag


def test_a_small_body_stays_bare_unless_the_caller_refuses_that() -> None:
    answer = RenderedAnswer(b"small")
    assert answer.chosen(Choice("gzip", must=False)) == (IDENTITY, b"small")
    coding, body = answer.chosen(Choice("gzip", must=True))
    assert (coding, decoded(coding, body)) == ("gzip", b"small")
