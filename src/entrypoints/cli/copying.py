"""How a copy's progress is shown: a bar on a terminal, a line now and then elsewhere."""

import sys
from typing import Any, Final

import click

_EVERY: Final = 10  # percent


class CopyBar:
    """Shows the copy of one move after another."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._shown = self._told = 0
        self._terminal = sys.stdout.isatty()

    def tell(self, sentence: str) -> None:
        """Print a sentence, below the bar if there is one."""
        self._end()
        click.echo(sentence)

    def copied(self, copied: int, rows: int) -> None:
        """Show that so many rows of so many are copied."""
        if self._terminal:
            self._draw(copied, rows)
        elif rows and (percent := copied * 100 // rows) >= self._told + _EVERY:
            self._told = percent
            click.echo(f"{copied} of {rows} rows are copied ({percent} %).")

    def _draw(self, copied: int, rows: int) -> None:
        if self._bar is None:
            self._bar, self._shown = click.progressbar(length=max(rows, 1), label="Copying", show_pos=True), 0
        self._bar.update(copied - self._shown)
        self._shown = copied
        if copied >= rows:
            self._end()

    def _end(self) -> None:
        self._told = 0
        if self._bar is not None:
            self._bar.render_finish()
            self._bar = None
            click.echo()
