"""The background sender of a worker: it delivers mails from the queue, one after the other.

Each worker has one thread, or greenlet under gevent, and they share the queue (see `domain.mail_delivery`). A mail that
this worker has queued wakes it. It also looks now and then, for mails of commands, of crashed workers, and for further
attempts. This module knows no SMTP and no request.
"""

import logging
import random
import threading
import time
from collections.abc import Callable

from minichat.domain.errors import Unavailable
from minichat.domain.mail_delivery import MailDelivery
from minichat.domain.model import MailKind, MailOutcome

log = logging.getLogger(__name__)

LOOK_SECONDS = 15.0
"""Mean interval between two looks at the queue."""
PAUSE_SECONDS = 0.4
"""Maximum random pause before a look."""


class MailSender:
    def __init__(
        self, delivery: MailDelivery, record: Callable[[MailKind, MailOutcome | None], None] = lambda *_: None
    ) -> None:
        """Call `record` after each attempt, with its outcome, or None if a later attempt follows."""
        self._delivery = delivery
        self._record = record
        self._woken = threading.Event()
        self._is_stopping = False

    def start(self) -> None:
        """Begin to deliver, in a thread of its own."""
        threading.Thread(target=self._run, name="minichat-mail", daemon=True).start()

    def wake(self) -> None:
        """Look at the queue now."""
        self._woken.set()

    def stop(self) -> None:
        """Begin no further mail."""
        self._is_stopping = True
        self._woken.set()

    def _run(self) -> None:
        while not self._is_stopping:
            self._woken.clear()  # before the look, so that a mail that comes meanwhile is found by another look
            # The work for a request must not slow down the next one in a way that shows whether the account exists.
            time.sleep(random.uniform(0, PAUSE_SECONDS))  # noqa: S311 - no secret
            self._deliver_all()
            # Workers that start together do not look together.
            self._woken.wait(LOOK_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - no secret

    def _deliver_all(self) -> None:
        try:
            while not self._is_stopping and (done := self._delivery.deliver_next()) is not None:
                self._record(*done)
        except Unavailable as error:
            log.warning("mails wait, because the database does not answer: %s", error)
        except Exception:
            log.exception("a mail could not be delivered, and a later attempt follows")
