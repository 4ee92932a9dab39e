"""Mail the tokens that were asked for."""

from dataclasses import dataclass
from typing import Final, NewType

from application.ports.catalog import Catalog
from application.ports.clock import Clock
from application.ports.entropy import Entropy
from application.ports.notifier import Letter, Notifier
from domain.shared.events import DomainEvent
from domain.shared.identifiers import bucket_of
from domain.shared.secrets import MAILED_PREFIX, fingerprint
from domain.users.mailed_token import MailedToken, MailPurpose, MailWanted
from domain.users.user import User, UserNotFound

# The address of the service as people reach it, without a slash at its end.
PublicUrl = NewType("PublicUrl", str)
_VERIFY: Final = """Hello,

somebody, we hope you, made an account at {url} with this address. To show that it is yours, open this link within 24 hours:

{link}

If it was somebody else, you need not do anything.
"""
_RESET: Final = """Hello,

somebody, we hope you, asked for a new password for the account at {url} with this address. To set one, open this link within \
one hour:

{link}

If it was somebody else, you need not do anything: your password stays as it is.
"""
_LETTERS: Final = {
    MailPurpose.VERIFY_EMAIL: ("Is this your address?", "verify-email", _VERIFY),
    MailPurpose.RESET_PASSWORD: ("A new password", "reset-password", _RESET),
}


@dataclass(frozen=True, slots=True)
class SendMail:
    """Makes the token, stores its fingerprint and sends it: nowhere else does the token lie.

    The outbox asks for each event by itself, for a letter cannot be taken back: doing it twice makes two letters, and the link
    in the later one is good.
    """

    catalog: Catalog
    clock: Clock
    entropy: Entropy
    notifier: Notifier
    public_url: PublicUrl

    def concerns(self, event: DomainEvent) -> bool:
        """Tell whether the event asks for a mail."""
        return isinstance(event, MailWanted)

    async def execute(self, event: DomainEvent) -> None:
        """Send it, unless there is no such account or nothing to verify; LetterRefused, Unavailable."""
        if not isinstance(event, MailWanted):
            return
        token, wanted = self.entropy.secret(MAILED_PREFIX), event
        async with self.catalog.open() as unit:
            try:
                user = await unit.users.get(wanted.user_id)
            except UserNotFound:
                return
            if wanted.purpose is MailPurpose.VERIFY_EMAIL and user.email_verified_at is not None:
                return
            expires_at = self.clock.now() + wanted.purpose.lifetime
            unit.mailed_tokens.replace(MailedToken(fingerprint(token), user.id, wanted.purpose, user.email, expires_at))
            await unit.commit()
        await self.notifier.send(self._letter(wanted.purpose, user, token))

    def _letter(self, purpose: MailPurpose, user: User, token: str) -> Letter:
        subject, page, text = _LETTERS[purpose]
        letter_id = self.entropy.identifier("letter", bucket_of(user.id))
        # Behind the '#' no server on the way is told of it, and no log.
        link = f"{self.public_url}/{page}#token={token}"
        return Letter(letter_id, user.email, subject, text.format(url=self.public_url, link=link))
