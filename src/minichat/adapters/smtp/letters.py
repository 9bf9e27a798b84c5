"""Write a letter as a mail (RFC 5322): plain text, its headers, and the link for browsers.

The link's host comes from the settings alone. Its token is in the fragment, which browsers send to no server.
"""

from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import localtime
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

from minichat.adapters.smtp.texts import LANGUAGES
from minichat.domain.model import Letter


def written(letter: Letter, *, sender: str, public_url: str) -> EmailMessage:
    """Return the mail. `sender` is the value of `From`, in ASCII.

    Raises ValueError for an address that no header may hold.
    """
    words = LANGUAGES.get(letter.language, LANGUAGES["en"])[letter.kind]
    address = deliverable(letter.address)
    mail = EmailMessage(policy=SMTP if address.isascii() else SMTPUTF8)
    mail["From"] = sender
    mail["To"] = address
    if [one.addr_spec for one in mail["To"].addresses] != [address]:
        # An encoded word (RFC 2047) may be a valid local part, and hide another address.
        raise ValueError("the header would show another address")
    mail["Subject"] = words.subject
    mail["Date"] = localtime()
    mail["Message-ID"] = f"<{letter.reference}@{_host(public_url)}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notice answers it
    mail["Content-Language"] = letter.language
    link = f"{public_url}/#{letter.kind}={letter.token}"
    # In seven bits, so that every mail server can pass it on.
    mail.set_content(words.text.format(username=letter.username, link=link), cte="quoted-printable")
    return mail


def deliverable(address: str) -> str:
    """Return the address with its domain in ASCII if its local part is in ASCII. Others need a server with SMTPUTF8."""
    try:
        return validate_email(address, check_deliverability=False).ascii_email or address
    except EmailNotValidError:  # it was valid for an earlier version
        return address


def _host(public_url: str) -> str:
    return (urlsplit(public_url).hostname or "localhost").strip("[]")
