"""Change a user's plan, limits, budget or role."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from application.actor import Actor
from application.idempotency import Once, carry_out, recall, remember
from application.origin import NOWHERE, Origin
from application.ports.catalog import Catalog, CatalogUnitOfWork
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.users.auditing import audit_entry
from application.users.views import UserView
from domain.shared.errors import Conflict
from domain.shared.identifiers import UserId
from domain.users.audit import AuditAction
from domain.users.credential import AccessChanged
from domain.users.plan import Plan, UserRole
from domain.users.user import User


class OwnRole(Conflict):
    """An administrator would give up being one: then there might be none."""

    code = "own_role"


@dataclass(frozen=True, slots=True)
class ChangeStandingCommand:
    """What to change of whom; what is not said stays. `actor` is None for an operator at the command line.

    `limits` has the limits that differ from the plan from now on, None for one that is the plan's again. `budget` tells that
    `monthly_budget` (in billionths of a dollar, None: no bound) is meant.
    """

    actor: Actor | None
    user_id: UserId
    plan: Plan | None = None
    role: UserRole | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    budget: bool = False
    monthly_budget: int | None = None
    once: Once | None = None
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class ChangeStanding:
    """Changes what a user may do and take; all tokens and keys of theirs are looked up anew on every node."""

    catalog: Catalog
    clock: Clock
    entropy: Entropy

    async def execute(self, command: ChangeStandingCommand) -> UserView:
        """Return the changed user; UserNotFound, OwnRole, Invalid naming the field."""
        return await carry_out(command.once, lambda: self._change(command))

    async def _change(self, command: ChangeStandingCommand) -> UserView:
        actor, once = command.actor, command.once
        async with self.catalog.open() as unit:
            changed = None if actor is None else await recall(unit.keys, once, actor.user_id, UserView)
            if changed is not None:
                return changed
            user = await unit.users.get(command.user_id)
            before = UserView.of(user)
            _apply(command, user, self.clock.now())
            after = UserView.of(user)
            if replace(after, updated_at=before.updated_at) == before:
                after = before
            else:
                unit.users.save(user)
                self._note(unit, command, before, after)
                unit.record(AccessChanged(await unit.sign_ins.fingerprints_of(user.id)))
            # Its like may have changed it since: then this commit is lost, and the answer to that is recalled.
            if actor is not None:
                remember(unit.keys, once, actor.user_id, after)
            await unit.commit()
        return after

    def _note(self, unit: CatalogUnitOfWork, command: ChangeStandingCommand, before: UserView, after: UserView) -> None:
        for action, details in _differences(before, after):
            actor_id = None if command.actor is None else command.actor.user_id
            unit.audit.note(audit_entry(
                self.entropy, after.updated_at, after.id, action, actor_id=actor_id, origin=command.origin, **details
            ))


def _apply(command: ChangeStandingCommand, user: User, now: datetime) -> None:
    if command.plan is not None:
        user.change_plan(command.plan, now=now)
    if command.limits or command.budget:
        budget = command.monthly_budget if command.budget else user.monthly_budget
        user.agree(replace(user.limits, **command.limits), budget, now=now)
    if command.role is not None:
        if command.actor is not None and command.actor.user_id == user.id and command.role is not UserRole.ADMIN:
            raise OwnRole("Another administrator has to take your role away.", param="role")
        user.change_role(command.role, now=now)


def _differences(before: UserView, after: UserView) -> list[tuple[AuditAction, dict[str, str]]]:
    found: list[tuple[AuditAction, dict[str, str]]] = []
    if before.plan is not after.plan:
        found.append((AuditAction.PLAN_CHANGED, {"before": before.plan.value, "after": after.plan.value}))
    if before.role is not after.role:
        found.append((AuditAction.ROLE_CHANGED, {"before": before.role.value, "after": after.role.value}))
    if (before.limits, before.monthly_budget) != (after.limits, after.monthly_budget):
        said = {name: str(value) for name, value in after.limits.said.items()}
        budget = {} if after.monthly_budget is None else {"monthly_budget": str(after.monthly_budget)}
        found.append((AuditAction.LIMITS_CHANGED, said | budget))
    return found
