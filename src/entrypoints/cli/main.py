"""The command line: `onelast`."""

import gc
import sys
from importlib import import_module
from typing import Final

import click

from entrypoints.problems import OperatorProblem

_COMMANDS: Final = ("up", "serve", "worker", "migrate", "db", "doctor", "check", "shards", "backup", "users")


class Commands(click.Group):
    """Loads a command when it is called: a serving node carries nothing of the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of the module that has its name."""
        if cmd_name not in _COMMANDS:
            return None
        gc.disable()  # what is imported stays, and to look through it again and again takes a quarter of the start
        try:
            command: click.Command = getattr(import_module(f"entrypoints.cli.{cmd_name}"), cmd_name)
        finally:
            gc.enable()
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="onelast")
def commands() -> None:
    """One Last AI: a backend for AI chat. Settings come from the environment (ONELAST_…)."""


def main() -> None:
    """Run the command line; what an operator can mend is told in one sentence, without a trace."""
    try:
        commands()
    except OperatorProblem as problem:
        click.echo(f"onelast: {problem}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
