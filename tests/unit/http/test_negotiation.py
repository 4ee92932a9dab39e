import zlib
from typing import Any

import brotli
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from entrypoints.http.codings import CODINGS, IDENTITY, QuickCompressor, compress, compress_to_keep
from entrypoints.http.negotiation import Choice, choice_of, negotiate

NAMES = st.sampled_from(["gzip", "br", "zstd", "identity", "*", "deflate", "x-gzip", "GZIP", "compress", "ЖЖ"])
WEIGHTS = st.sampled_from(
    ["", ";q=0", ";q=0.0", ";q=0.000", "; q=0.001", ";q=0.5", ";Q=0.25", ";q=1", ";q=1.000", ";q=2", ";q=x", ";a=b"]
)
ACCEPTS = st.lists(st.tuples(NAMES, WEIGHTS), max_size=8)


def decoded(coding: str, body: bytes) -> bytes:
    """Return what a caller makes of a body in a coding."""
    readers: dict[str, Any] = {
        "zstd": zstd.decompress, "br": brotli.decompress, "gzip": lambda data: zlib.decompress(data, 31), IDENTITY: bytes
    }
    result: bytes = readers[coding](body)
    return result


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZip", "gzip"),
        ("*", "zstd"),
        ("zstd;q=0.5, gzip;q=0.8", "gzip"),
        ("zstd;q=0, *", "br"),
        ("gzip;q=0.2, *;q=0.5", "zstd"),
        ("identity, gzip;q=0.5", IDENTITY),
        ("identity;q=0.5, gzip", "gzip"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("deflate, compress", IDENTITY),
        ("", IDENTITY),
        (" , ,", IDENTITY),
        ("gzip;q=0", IDENTITY),
        ("*;q=0", IDENTITY),
        ("gzip;q=1.5", IDENTITY),
        ("gzip;q=0.0005", IDENTITY),
        ("gzip, gzip;q=0", IDENTITY),
        ("gzip \t;\t q=0.5", "gzip"),
    ],
)
def test_the_highest_weight_wins_and_of_equal_ones_what_we_like_best(accept: str, coding: str) -> None:
    assert negotiate(accept).coding == coding


@pytest.mark.parametrize(
    ("accept", "must"),
    [("gzip, identity;q=0", True), ("gzip, *;q=0", True), ("gzip, identity;q=0.1, *;q=0", False), ("gzip", False), ("*", False)],
)
def test_who_refuses_the_bare_body_is_known(accept: str, must: bool) -> None:
    assert negotiate(accept).must is must


def test_several_lines_are_one_list_and_no_line_asks_for_nothing() -> None:
    assert choice_of([(b"accept-encoding", b"gzip"), (b"host", b"here"), (b"accept-encoding", b"br")]).coding == "br"
    assert choice_of([(b"host", b"here")]) == Choice(IDENTITY, must=False)
    long = b"gzip" + b", unheard-of" * 100
    assert choice_of([(b"accept-encoding", long)]).coding == "gzip"


@given(ACCEPTS)
def test_what_is_chosen_was_named_and_never_refused(accept: list[tuple[str, str]]) -> None:
    chosen = negotiate(", ".join(name + weight for name, weight in accept)).coding
    named = [(name.lower().replace("x-gzip", "gzip"), weight.replace(" ", "").lower()) for name, weight in accept]
    own = [weight for name, weight in named if name == chosen]
    others = [weight for name, weight in named if name == "*"]
    zero, bad = {";q=0", ";q=0.0", ";q=0.000"}, {";q=2", ";q=x", ";a=b"}
    if chosen != IDENTITY:
        assert own or others
        assert not (set(own or others) & (zero | bad))
    elif set(own or others) & zero:
        acceptable = [c for c in CODINGS if negotiate(f"{', '.join(n + w for n, w in named)}, identity;q=0").coding == c]
        assert acceptable == []


@given(st.binary(max_size=5_000), st.sampled_from(CODINGS))
def test_every_coding_decodes_to_the_same_bytes(body: bytes, coding: str) -> None:
    quick = QuickCompressor()
    for encoded in (compress(coding, body), compress_to_keep(coding, body), quick.compress(coding, body)):
        assert decoded(coding, encoded) == body
    assert decoded(coding, quick.compress(coding, body[::-1])) == body[::-1]
