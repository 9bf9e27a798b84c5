"""Send mails to one SMTP server, by `smtplib`.

Each mail has its own connection. Every step has a time-out, and so has the whole attempt, since a server that sends one
byte a second never exceeds the first. Under gevent the caller's greenlet waits, and no other one. Credentials go over
TLS alone.
"""

import logging
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.utils import parseaddr
from typing import NamedTuple

from minichat.adapters.smtp.letters import deliverable, written
from minichat.domain.errors import Unavailable
from minichat.domain.model import Letter
from minichat.domain.ports import MailRefusedError

log = logging.getLogger(__name__)

STEP_SECONDS = 15.0
"""Maximum time of a connection attempt, and of each answer of the server."""
ATTEMPT_SECONDS = 60.0
"""Maximum time of a whole attempt: see `domain.mail_delivery.LEASE`."""
_BREAK_SECONDS = 0.1
"""Interval between two attempts to break a connection whose time is over."""
_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")


class SmtpServer(NamedTuple):
    host: str
    port: int
    is_tls: bool
    """Whether TLS begins with the connection. Otherwise STARTTLS is used if the server offers it."""
    username: str = ""
    password: str = ""


class SmtpMailer:
    """The port `Mailer`."""

    def __init__(
        self, server: SmtpServer, *, sender: str, public_url: str, attempt_seconds: float = ATTEMPT_SECONDS
    ) -> None:
        """`sender` is an address, or a name with an address in angle brackets."""
        self._server = server
        self._sender = sender
        self._public_url = public_url
        self._attempt_seconds = attempt_seconds
        self.on_queued: Callable[[], object] = lambda: None
        """Called by `queued`."""

    def queued(self) -> None:
        self.on_queued()

    def send(self, letter: Letter) -> None:
        with _translated_errors():
            mail = written(letter, sender=self._sender, public_url=self._public_url)
        recipient = deliverable(letter.address)
        options = [] if recipient.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
        with _translated_errors(), self._connection() as client:
            if options and not client.has_extn("smtputf8"):
                raise smtplib.SMTPNotSupportedError("the server does not take international addresses")
            client.sendmail(parseaddr(self._sender)[1], [recipient], mail.as_bytes(), mail_options=options)
            with suppress(smtplib.SMTPException, OSError):
                client.quit()  # the server has accepted the mail, whatever happens now

    def check(self) -> None:
        """Connect and log in. Raises Unavailable or MailRefusedError."""
        with _translated_errors(), self._connection() as client:
            client.noop()

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        """Connect, begin TLS and log in. Break the connection at the end of the time of an attempt."""
        server, context = self._server, ssl.create_default_context()
        client: smtplib.SMTP = (
            smtplib.SMTP_SSL(timeout=STEP_SECONDS, context=context)
            if server.is_tls
            else smtplib.SMTP(timeout=STEP_SECONDS)
        )
        # The name that TLS checks. Only the constructor sets it, which would connect before the time is watched.
        client._host = server.host  # type: ignore[attr-defined]  # noqa: SLF001
        is_done = threading.Event()
        watch = threading.Thread(target=_watch, args=(client, self._attempt_seconds, is_done), daemon=True)
        watch.start()
        try:
            client.connect(server.host, server.port)
            client.ehlo_or_helo_if_needed()
            if not server.is_tls and client.has_extn("starttls"):
                client.starttls(context=context)
                client.ehlo_or_helo_if_needed()
            if server.username:
                if not isinstance(client.sock, ssl.SSLSocket):
                    raise Unavailable("the mail server offers no TLS, so it gets no credentials")
                client.login(server.username, server.password)
            yield client
        finally:
            is_done.set()
            client.close()


def _watch(client: smtplib.SMTP, seconds: float, is_done: threading.Event) -> None:
    """Break the connection at the end of the time, also one that is made later, as by a host with many addresses."""
    is_done.wait(seconds)
    while not is_done.wait(_BREAK_SECONDS):
        if client.sock is not None:
            with suppress(OSError):
                client.sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Raise MailRefusedError if the server refuses the mail for good, or Unavailable for any other error."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        [(code, text)] = error.recipients.values()
        raise _refusal(code, text) from None
    except smtplib.SMTPDataError as error:
        raise _refusal(error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPNotSupportedError as error:
        raise _refusal(550, str(error)) from None
    except smtplib.SMTPResponseException as error:
        raise _refusal(421, f"{error.smtp_code} {_text(error.smtp_error)}") from None
    except (smtplib.SMTPException, OSError) as error:
        raise _refusal(421, f"{type(error).__name__}: {error}") from None
    except ValueError:  # an address that no header may hold, or no domain of DNS
        raise _refusal(550, "the address can't be written into a mail") from None


def _refusal(code: int, text: bytes | str) -> Exception:
    """Return the error of an answer, without addresses: logs hold none."""
    reason = _ADDRESS.sub("…", " ".join(_text(text).split()))[:200]
    is_final = code >= 500
    log.warning(
        "a mail was refused: %s" if is_final else "a mail could not be sent, and a later attempt follows: %s", reason
    )
    return MailRefusedError(reason) if is_final else Unavailable(reason)


def _text(text: bytes | str) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else text
