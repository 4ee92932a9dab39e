"""Ask for a mail with which a forgotten password can be set anew."""

from dataclasses import dataclass

from application.origin import NOWHERE, Origin
from application.ports.account_reader import AccountReader
from application.ports.catalog import Catalog
from application.ports.entropy import Entropy
from application.users.throttling import Throttle, account_marks
from domain.shared.identifiers import UserId
from domain.users.mailed_token import MailPurpose, MailWanted
from domain.users.user import parse_email


@dataclass(frozen=True, slots=True)
class RequestPasswordResetCommand:
    """Whose password."""

    email: str
    origin: Origin = NOWHERE


@dataclass(frozen=True, slots=True)
class RequestPasswordReset:
    """Has the mail sent. For an address without an account just the same is done for somebody who is not there.

    So neither the answer nor the time that it takes tells whether there is an account.
    """

    catalog: Catalog
    accounts: AccountReader
    entropy: Entropy
    throttle: Throttle

    async def execute(self, command: RequestPasswordResetCommand) -> None:
        """Ask; Invalid for what is no address, TooManyAttempts."""
        email = parse_email(command.email)
        async with self.catalog.open() as unit:
            credential = await unit.users.find_credential(email)
        user_id = credential.user_id if credential else UserId(self.entropy.identifier("user", self.entropy.bucket()))
        known = await self.accounts.addresses_of(user_id)
        marks = account_marks("reset", email, command.origin.address, known)
        await self.throttle.require_patience(marks)
        await self.throttle.count(marks)
        async with self.catalog.open() as unit:
            unit.record(MailWanted(user_id, MailPurpose.RESET_PASSWORD))
            await unit.commit()
