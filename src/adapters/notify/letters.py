"""Letters as mail (RFC 5322)."""

from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime

from application.ports.notifier import Letter, LetterRefused


def mail_of(letter: Letter, sender: Address) -> EmailMessage:
    """Return the mail; LetterRefused for an address that is not a single one, or a subject of several lines."""
    mail = EmailMessage()
    try:
        mail["From"], mail["To"] = sender, Address(addr_spec=letter.to)
        mail["Subject"] = letter.subject
        mail["Message-ID"] = f"<{letter.id}@{sender.domain}>"
    except (MessageError, ValueError, IndexError) as error:
        raise LetterRefused("The letter's address or subject cannot be written in a mail.") from error
    mail["Date"] = localtime()
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no machine answers it
    mail.set_content(letter.text)
    return mail
