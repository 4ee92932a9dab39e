"""Operators find every code in the documentation, with what is repaired and what is a remark."""

import re
from pathlib import Path

from domain.consistency.faults import Code

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "check-consistency.md"
ROW = re.compile(r"^\| (`.*?) \| .*? \| (.*?) \| .* \|$", re.MULTILINE)
CODE = re.compile(r"`([a-z_]+)`")


def rows() -> dict[str, tuple[bool, bool]]:
    """Return of each code in the table whether it is a remark and whether a repair is told."""
    return {
        code: ("(remark)" in first, repair != "–")
        for first, repair in ROW.findall(PAGE.read_text()) for code in CODE.findall(first)
    }


def test_every_code_has_its_row() -> None:
    assert rows() == {code.value: (code.remark, code.repairable) for code in Code}
