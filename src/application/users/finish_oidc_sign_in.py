"""Finish a sign-in at a provider."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from application.origin import NOWHERE, Origin
from application.ports.catalog import Catalog, CatalogUnitOfWork
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.identity_providers import IdentityProvider, IdentityProviders
from application.retrying import again_when_stale
from application.users.auditing import audit_entry
from application.users.oidc_ticket import Ticket, opened
from application.users.throttling import Throttle, place_mark
from application.users.tokens import TokenPair, new_pair, new_sign_in
from domain.shared.errors import StaleWrite
from domain.shared.identifiers import UserId
from domain.users.audit import AuditAction
from domain.users.credential import Credential
from domain.users.identity import Claims, Identity, IdentityNotLinked, IdentityTaken, SignInRefused
from domain.users.mailed_token import MailPurpose, MailWanted
from domain.users.plan import Plan
from domain.users.user import EmailTaken, User, parse_email


@dataclass(frozen=True, slots=True)
class FinishOidcSignInCommand:
    """What the provider sent the browser back with, and the browser's ticket."""

    provider: str
    code: str | None
    state: str | None
    ticket: str | None
    error: str | None = None
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class FinishedSignIn:
    """The tokens (None where an account that was open got another way in), and the path to show."""

    pair: TokenPair | None
    return_to: str


@dataclass(frozen=True, slots=True)
class FinishOidcSignIn:
    """Signs in whom a provider vouches for; who has no account gets one, without a password.

    An account that has the address already is opened only where the provider has proven that it is theirs, and we have as well:
    else who registered it first could wait in the account for its owner, and who owns a careless provider could come in.
    """

    catalog: Catalog
    providers: IdentityProviders
    clock: Clock
    entropy: Entropy
    signup_plan: Plan
    throttle: Throttle

    async def execute(self, command: FinishOidcSignInCommand) -> FinishedSignIn:
        """Return the tokens; SignInRefused, IdentityNotLinked, IdentityTaken, ProviderNotFound, Unavailable, TooManyAttempts."""
        provider, marks = self.providers.get(command.provider), [place_mark(command.origin.address)]
        await self.throttle.require_patience(marks)
        try:
            ticket, claims = await self._vouched(command, provider)
        except SignInRefused:
            await self.throttle.count(marks)
            raise
        pair = await again_when_stale(lambda: self._enter(command, ticket, claims))
        return FinishedSignIn(pair, ticket.return_to)

    async def _vouched(self, command: FinishOidcSignInCommand, provider: IdentityProvider) -> tuple[Ticket, Claims]:
        """Return what this browser asked for, and whom the provider vouches for; SignInRefused, Unavailable."""
        if command.ticket is None:
            raise SignInRefused("The sign-in was not begun in this browser; please try again.")
        ticket = opened(command.ticket, provider.key, provider=command.provider, now=self.clock.now())
        if not hmac.compare_digest(ticket.attempt.state.encode(), (command.state or "").encode()):
            raise SignInRefused("The answer belongs to another sign-in; please try again.", param="state")
        if command.error is not None or not command.code:
            raise SignInRefused("The provider did not sign anybody in.", param="error")
        return ticket, await provider.redeem(command.code, ticket.attempt)

    async def _enter(self, command: FinishOidcSignInCommand, ticket: Ticket, claims: Claims) -> TokenPair | None:
        now, pair = self.clock.now(), new_pair(self.entropy)
        async with self.catalog.open() as unit:
            await self._require_going_on(unit, ticket)
            known = await unit.identities.find(claims.issuer, claims.subject)
            if ticket.user_id is not None and known is not None and known.user_id != ticket.user_id:
                raise IdentityTaken("This identity opens another account already.")
            user_id = ticket.user_id if known is None else known.user_id
            user_id = user_id or await self._by_email(unit, claims) or self._registered(unit, command, claims, now)
            if known is None:
                unit.identities.add(Identity(claims.issuer, claims.subject, user_id, now))
                self._note(unit, command, user_id, AuditAction.IDENTITY_LINKED, now)
            if ticket.user_id is None:
                unit.sign_ins.add(new_sign_in(self.entropy, user_id, pair, now, command.origin))
                self._note(unit, command, user_id, AuditAction.SIGNED_IN, now)
            try:
                await unit.commit()
            except EmailTaken:
                raise StaleWrite("Somebody registered the address at the same moment.") from None
        return pair if ticket.user_id is None else None

    async def _require_going_on(self, unit: CatalogUnitOfWork, ticket: Ticket) -> None:
        """Who was signed out meanwhile, perhaps as an intruder, gets no other way in."""
        if ticket.user_id is None:
            return
        sign_in = None if ticket.sign_in_id is None else await unit.sign_ins.find(ticket.sign_in_id)
        if sign_in is None or sign_in.user_id != ticket.user_id:
            raise SignInRefused("The sign-in that asked for the link has ended; sign in and try again.")

    async def _by_email(self, unit: CatalogUnitOfWork, claims: Claims) -> UserId | None:
        """Return whose account has the address, if both sides have proven it."""
        credential = None if claims.email is None else await unit.users.find_credential(parse_email(claims.email))
        if credential is None:
            return None
        user = await unit.users.get(credential.user_id)
        if not claims.email_verified or user.email_verified_at is None:
            raise IdentityNotLinked("An account has this e-mail address already: sign in to it, and link this provider there.")
        return user.id

    def _registered(
        self, unit: CatalogUnitOfWork, command: FinishOidcSignInCommand, claims: Claims, now: datetime
    ) -> UserId:
        if claims.email is None:
            raise SignInRefused("The provider tells no e-mail address, which an account needs.", param="email")
        user_id = UserId(self.entropy.identifier("user", self.entropy.bucket()))
        name = (claims.name or "").replace("\x00", "").strip()[:100].strip() or claims.email.partition("@")[0]
        user = User.register(user_id, email=claims.email, name=name, plan=self.signup_plan, now=now)
        user.email_verified_at = now if claims.email_verified else None
        unit.users.add(user, Credential(user_id, None))
        if not claims.email_verified:
            unit.record(MailWanted(user_id, MailPurpose.VERIFY_EMAIL))
        self._note(unit, command, user_id, AuditAction.REGISTERED, now)
        return user_id

    def _note(
        self, unit: CatalogUnitOfWork, command: FinishOidcSignInCommand, user_id: UserId, action: AuditAction, now: datetime
    ) -> None:
        unit.audit.note(audit_entry(
            self.entropy, now, user_id, action, actor_id=user_id, origin=command.origin, provider=command.provider
        ))
