"""Hints between the workers of one server: each listens on a datagram socket in the folder that they share.

A hint only wakes the other workers, and a lost one delays them until their next poll. So a full queue is no failure,
and the socket of a dead worker is removed when somebody finds it. Implements `ChangeHints`.
"""

import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from minichat.adapters import gevents
from minichat.domain.model import TypingNotice
from minichat.domain.ports import NoticeBoard

log = logging.getLogger(__name__)

_HINT = b"!"
_CLOCK_TICK = 100_000_000
"""Greater than the resolution of a folder's time of change, in nanoseconds."""


class HostHints:
    """The hints of one worker."""

    def __init__(self, folder: Path, *, is_complete: bool) -> None:
        """All workers of the server pass the same folder.

        `is_complete` states that no other host writes to the database.
        """
        self._folder = folder
        self._is_complete = is_complete
        self._own_name = ""
        self._wake: Callable[[], object] = lambda: None
        self._others: Sequence[str] = ()
        self._listed_at = 0

    @property
    def is_connected(self) -> bool:
        """Whether this worker receives the hints of all others.

        Commands, and further servers on an embedded database, send none: the hub notices their rare changes by polling.
        """
        return self._is_complete and bool(self._own_name)

    def start(self, wake: Callable[[], object]) -> None:
        """Receive hints until the end of the process. If the folder allows no sockets, log that and receive none."""
        self._wake = wake
        name = f"hints-{os.getpid()}-{id(self)}"
        with _new_socket() as receiver:
            try:
                receiver.bind(str(self._folder / name))
            except OSError as error:
                log.warning("workers of this host can't wake each other, so they poll: %s", error)
                return
            descriptor = receiver.detach()
        self._own_name = name

        def receive() -> None:
            with suppress(BlockingIOError):
                while os.read(descriptor, 1):  # several hints are one
                    pass
            wake()

        gevents.whenever_readable(descriptor, receive)

    def send(self) -> None:
        """Wake all workers that have listeners, this one included. Return at once."""
        self._wake()
        receivers = self._receivers()
        if not receivers:
            return
        with _new_socket() as sender:
            for path in receivers:
                try:
                    sender.sendto(_HINT, path)
                except ConnectionRefusedError:  # its worker has ended
                    with suppress(OSError):
                        Path(path).unlink()
                except OSError:  # its queue is full of hints, or another worker has removed it
                    continue

    def _receivers(self) -> Sequence[str]:
        with suppress(OSError):  # the server stops and has removed the folder
            if self._folder.stat().st_mtime_ns > self._listed_at - _CLOCK_TICK:
                self._listed_at = time.time_ns()
                own = self._own_name
                self._others = [str(path) for path in self._folder.glob("hints-*") if path.name != own]
        return self._others


class HintingNoticeBoard:
    """A notice board whose readers poll it only now and then: a hint wakes them. Implements `NoticeBoard`."""

    def __init__(self, board: NoticeBoard, send_hint: Callable[[], object]) -> None:
        self._board = board
        self._send_hint = send_hint
        self.end, self.after = board.end, board.after

    def post(self, notice: TypingNotice, pause: int) -> bool:
        is_new = self._board.post(notice, pause)
        if is_new:
            self._send_hint()
        return is_new


def _new_socket() -> Any:
    """Return a datagram socket that never blocks, not even a greenlet."""
    new = gevents.native_socket_class()(socket.AF_UNIX, socket.SOCK_DGRAM)
    new.setblocking(False)
    return new
