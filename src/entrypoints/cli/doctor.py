"""`onelast doctor`: what works and what does not, in words."""

import asyncio
import sys

import click

from entrypoints.ioc.doctor import examine
from entrypoints.settings import read_settings


@click.command()
def doctor() -> None:
    """Check the settings and everything that they name; exit with 1 if something is wrong."""
    findings = asyncio.run(examine(read_settings()))
    for finding in findings:
        click.echo(f"{'ok ' if finding.ok else 'BAD'}  {finding.name}: {finding.text}")
    sys.exit(0 if all(finding.ok for finding in findings) else 1)
