"""The command line: `onelast`."""

import sys

import click

from entrypoints.cli.doctor import doctor
from entrypoints.cli.migrate import migrate
from entrypoints.cli.serve import serve
from entrypoints.cli.up import up
from entrypoints.cli.worker import worker
from entrypoints.http.server import AddressTaken
from entrypoints.ioc.migrations import SchemaProblem
from entrypoints.ioc.servers import ServersNotStarted
from entrypoints.settings import SettingsError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="onelast")
def commands() -> None:
    """One Last AI: a backend for AI chat. Settings come from the environment (ONELAST_…)."""


for _command in (up, serve, worker, migrate, doctor):
    commands.add_command(_command)


def main() -> None:
    """Run the command line; what an operator can mend is told in one sentence, without a trace."""
    try:
        commands()
    except (SettingsError, AddressTaken, ServersNotStarted, SchemaProblem) as problem:
        click.echo(f"onelast: {problem}", err=True)
        sys.exit(2)
