"""What callers may take: their plan's limits under their own."""

from dataclasses import dataclass

from application.actor import Actor
from application.ports.chat_model import ChatModel
from application.ports.limiter import NOT_LIMITED, Allowance
from domain.sessions.message import Content, text_of
from domain.shared.errors import Forbidden, Invalid
from domain.users.limits import Limits, Plans


class ModelNotAllowed(Forbidden):
    """The caller's plan does not have this model."""

    code = "model_not_allowed"


@dataclass(frozen=True, slots=True)
class Allowances:
    """The limits of the plans, and what follows from them."""

    plans: Plans
    models: ChatModel

    def limits_of(self, actor: Actor) -> Limits:
        """Return what the caller's plan allows, with what was agreed with this caller alone."""
        return self.plans.of(actor.plan, actor.limits)

    def of(self, actor: Actor) -> Allowance:
        """Return what the limiter counts for the caller."""
        budget = NOT_LIMITED if actor.monthly_budget is None else actor.monthly_budget
        return Allowance(actor.user_id, self.limits_of(actor), budget)

    def require_length(self, actor: Actor, content: Content) -> None:
        """Return if the caller may say so much at once; Invalid naming `content`."""
        most = self.limits_of(actor).message_characters
        if len(text_of(content)) > most:
            raise Invalid(f"'content' must have at most {most} characters on your plan.", param="content")

    async def require_model(self, actor: Actor, model: str) -> None:
        """Return if the caller may ask the model, by this or by its own name; ModelNotAllowed, ModelFailed."""
        limits = self.limits_of(actor)
        if limits.allows_model(model):
            return
        found = await self.models.find(model)
        if found is None or not limits.allows_model(found.name):
            raise ModelNotAllowed(f"Your plan does not have the model {model!r}.", param="model")
