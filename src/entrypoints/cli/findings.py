"""How findings are told: in sentences for people, or as one JSON document for programs; each as soon as it is known."""

import json
from abc import abstractmethod
from collections import Counter
from typing import Any, Protocol

import click

from application.consistency.check_consistency import Finding, Report
from domain.consistency.faults import Code


class Teller(Protocol):
    """Tells findings while they come, and counts in the end."""

    @abstractmethod
    def begin(self) -> None:
        """Begin."""

    @abstractmethod
    def tell(self, finding: Finding) -> None:
        """Tell of one finding."""

    @abstractmethod
    def end(self, report: Report | None) -> None:
        """End; without a report the check came to no end."""


class Sentences(Teller):
    """A line for each finding, one for its repair, and the counts."""

    def begin(self) -> None:
        """Say nothing."""

    def tell(self, finding: Finding) -> None:
        """Print the sentence."""
        fault = finding.fault
        ids = ", ".join(f"{name} {value}" for name, value in fault.ids.items())
        click.echo(f"{'remark' if fault.code.remark else 'FAULT '} {fault.code} on {_place(finding)}: {ids}: {fault.text}")
        if finding.outcome is not None:
            click.echo(f"       {finding.outcome.text}")

    def end(self, report: Report | None) -> None:
        """Print the counts."""
        if report is None:
            return
        click.echo("Looked at " + ", ".join(f"{count} {kind}" for kind, count in report.checked.items()) + ".")
        for code, count in sorted(report.found.items()):
            click.echo(f"{count} × {code}" + (f", {report.repaired[code]} repaired" if report.repaired[code] else ""))
        if not report.found:
            click.echo("Everything agrees.")


class Document(Teller):
    """`{"findings": […], "complete", "clean", "checked", "found", "repaired"}`, written piece by piece."""

    def __init__(self) -> None:
        self._told = 0

    def begin(self) -> None:
        """Open the list."""
        click.echo('{"findings": [', nl=False)

    def tell(self, finding: Finding) -> None:
        """Write one element."""
        fault, outcome = finding.fault, finding.outcome
        element = {
            "code": fault.code, "place": _place(finding), "shard": finding.shard, "ids": dict(fault.ids), "text": fault.text,
            "remark": fault.code.remark, "repairable": fault.code.repairable,
            "repaired": bool(outcome and outcome.repaired), "outcome": outcome.text if outcome else None,
        }
        click.echo(("," if self._told else "") + "\n  " + json.dumps(element, ensure_ascii=False), nl=False)
        self._told += 1

    def end(self, report: Report | None) -> None:
        """Close the list and write the counts."""
        told = report or Report()
        counts: dict[str, Any] = {
            "complete": report is not None, "clean": report is not None and report.clean, "checked": dict(told.checked),
            "found": _counts(told.found), "repaired": _counts(told.repaired),
        }
        click.echo(("\n], " if self._told else "], ") + json.dumps(counts)[1:])


def _place(finding: Finding) -> str:
    return "the catalog" if finding.shard is None else f"shard {finding.shard}"


def _counts(counter: Counter[Code]) -> dict[str, int]:
    return {str(code): count for code, count in sorted(counter.items()) if count}
