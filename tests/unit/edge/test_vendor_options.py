"""The vendors' settings."""

from collections.abc import Callable, Mapping

import pytest

from adapters.edge import cloudflare, cloudfront, fastly
from adapters.edge.options import WrongOption
from application.ports.edge import EdgeDialect, EdgePurger

Opening = Callable[[Mapping[str, str]], EdgePurger]
CLOUDFLARE = {"token": "a-token-of-cloudflare", "zone": "0123456789abcdef0123456789abcdef"}
CLOUDFRONT = {"distribution": "E2QWRUHAPOMQZL"}
FASTLY = {"token": "a-token-of-fastly", "service": "SU1Z0isxPaozGVKXdv0eY"}
WRONG = "wr0ng value"
OPENINGS = [(cloudflare.open_edge, CLOUDFLARE), (cloudfront.open_edge, CLOUDFRONT), (fastly.open_edge, FASTLY)]
ALL = [(opening, good, option) for opening, good in OPENINGS for option in (*good, "url")]


@pytest.mark.parametrize(("opening", "good", "option"), ALL)
def test_a_wrong_option_is_named_and_not_shown(opening: Opening, good: Mapping[str, str], option: str) -> None:
    with pytest.raises(WrongOption, match=f"^ONELAST_EDGE_{option.upper()} must be ") as told:
        opening({**good, option: WRONG})
    assert WRONG not in str(told.value)


@pytest.mark.parametrize(("opening", "good", "option"), [one for one in ALL if one[2] != "url"])
def test_a_missing_option_is_named(opening: Opening, good: Mapping[str, str], option: str) -> None:
    with pytest.raises(WrongOption, match=f"^ONELAST_EDGE_{option.upper()} is not set"):
        opening({name: value for name, value in good.items() if name != option})


@pytest.mark.parametrize(("opening", "good"), OPENINGS)
def test_an_unknown_option_is_named(opening: Opening, good: Mapping[str, str]) -> None:
    with pytest.raises(WrongOption, match=r"^ONELAST_EDGE_COLOUR is not a setting"):
        opening({**good, "colour": "blue"})


def test_an_unknown_plan_is_refused_with_those_there_are() -> None:
    with pytest.raises(WrongOption, match=r"^ONELAST_EDGE_PLAN must be one of free, pro, business, enterprise"):
        cloudflare.open_edge({**CLOUDFLARE, "plan": "gratis"})


@pytest.mark.parametrize("url", ["https://token@api.example.com", "ftp://api.example.com", "https://api.example.com/?a=b", "api"])
def test_an_address_with_credentials_or_more_is_refused(url: str) -> None:
    with pytest.raises(WrongOption, match=r"^ONELAST_EDGE_URL") as told:
        fastly.open_edge({**FASTLY, "url": url})
    assert url not in str(told.value)


@pytest.mark.parametrize(
    ("opening", "good", "dialect"),
    [
        (cloudflare.open_edge, CLOUDFLARE, EdgeDialect("cache-tag", ",")),
        (cloudfront.open_edge, CLOUDFRONT, EdgeDialect("cache-tag", ",")),
        (fastly.open_edge, FASTLY, EdgeDialect("surrogate-key")),
    ],
)
async def test_with_its_options_it_opens(opening: Opening, good: Mapping[str, str], dialect: EdgeDialect) -> None:
    edge = opening(good)
    assert edge.dialect == dialect
    await edge.close()
