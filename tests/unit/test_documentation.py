"""The documentation leads everywhere, and leaves out no page and no setting."""

import re
from pathlib import Path

import pytest

from entrypoints.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
LINK = re.compile(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)")


def linked_from(page: str) -> list[Path]:
    """Return the files that a page leads to, in order."""
    place = ROOT / page
    return [(place.parent / target).resolve() for target in LINK.findall(place.read_text())]


@pytest.mark.parametrize("page", [str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_between_files_leads_somewhere(page: str) -> None:
    assert [target for target in linked_from(page) if not target.exists()] == []


def test_the_index_leads_to_every_page() -> None:
    leads = set(linked_from("docs/README.md"))
    pages = {page for page in ROOT.glob("docs/*/*.md") if page.parent.name != "adr"}
    assert pages - leads == set()


def test_decisions_are_listed_in_their_order_and_none_is_left_out() -> None:
    assert linked_from("docs/adr/README.md") == sorted((ROOT / "docs/adr").glob("0*.md"))


def test_every_setting_stands_in_the_reference_and_nothing_else_does() -> None:
    told = re.findall(r"^\| (`ONELAST_[^|]+) \|", (ROOT / "docs/reference/settings.md").read_text(), re.MULTILINE)
    names = {name for row in told for name in re.findall(r"`ONELAST_([A-Z0-9_]+)`", row)}
    options = {name for name in Settings.__struct_fields__ if name.endswith("_options")}
    fields = {name.upper() for name in Settings.__struct_fields__ if name not in options}
    assert names - {"EDGE_URL", "EDGE_TOKEN"} == fields
    prefixes = {name.removesuffix("_options").upper() for name in options}
    assert prefixes <= {one for row in told for one in re.findall(r"`ONELAST_([A-Z]+)_[<…]", row)}
