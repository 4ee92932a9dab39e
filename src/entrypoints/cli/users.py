"""`onelast users`: who has an account, and what they may do and take."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click
import msgspec

from application.users.change_standing import ChangeStandingCommand
from application.users.views import UserView
from domain.users.plan import Plan, UserRole
from entrypoints.cli.columns import columns
from entrypoints.cli.user_words import budget_of, limits_of, row_of, shape_of
from entrypoints.ioc.located import located
from entrypoints.ioc.users import caring
from entrypoints.settings import read_settings

_TITLES: Final = ("id", "e-mail", "plan", "role", "own limits", "budget")
_as_json: Final = click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of a table.")
_who: Final = click.argument("who", metavar="EMAIL|ID")


@click.group()
def users() -> None:
    """Look users up, and change their plan, limits, budget and role. Nodes go by it within a second."""


@users.command()
@_who
@_as_json
def find(who: str, as_json: bool) -> None:
    """Show the user with this e-mail address or identifier."""
    asyncio.run(_change(who, None, as_json))


@users.command(name="set-plan")
@_who
@click.argument("plan", type=click.Choice([plan.value for plan in Plan]))
@_as_json
def set_plan(who: str, plan: str, as_json: bool) -> None:
    """Put the user on another plan."""
    asyncio.run(_change(who, {"plan": Plan(plan)}, as_json))


@users.command(name="set-limits")
@_who
@click.argument("limits", nargs=-1, metavar="[NAME=VALUE]…")
@click.option("--budget", help="What replies may cost in a month, in dollars; 'none' for no bound.")
@_as_json
def set_limits(who: str, limits: Sequence[str], budget: str | None, as_json: bool) -> None:
    """Give the user limits that differ from the plan; 'none' as a VALUE is the plan's again. Models have commas in between."""
    changes: dict[str, Any] = {"limits": limits_of(limits)}
    if budget is not None:
        changes |= {"budget": True, "monthly_budget": budget_of(budget)}
    asyncio.run(_change(who, changes, as_json))


@users.command(name="set-role")
@_who
@click.argument("role", type=click.Choice([role.value for role in UserRole]))
@_as_json
def set_role(who: str, role: str, as_json: bool) -> None:
    """Make the user an administrator, or a user again."""
    asyncio.run(_change(who, {"role": UserRole(role)}, as_json))


async def _change(who: str, changes: Mapping[str, Any] | None, as_json: bool) -> None:
    async with caring(located(read_settings())) as care:
        user = await care.find(who)
        if changes is not None:
            user = await care.change(ChangeStandingCommand(None, user.id, **changes))
    _show(user, as_json=as_json)


def _show(user: UserView, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(shape_of(user))).decode())
        return
    for line in columns([_TITLES, row_of(user)]):
        click.echo(line)
