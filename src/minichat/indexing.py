"""The process that fills the search index of messages beside the workers of a server.

A large database takes minutes, so no worker does it, and no start waits for it. The process ends with the server: its
standard input closes. The next server continues. This module knows no request and no rule.
"""

import logging
import os
import select
import signal
import subprocess
import sys
import time

log = logging.getLogger("minichat.indexing")  # also as a program

REPORT_SECONDS = 10.0
"""Interval between two lines of the log about the progress."""
MAX_PAUSE_SECONDS = 0.5


def start() -> None:
    """Start the process. It runs as long as this process or one that this process forks."""
    reading, _ = os.pipe()  # the other end stays open until the end of this process
    # The settings are in the environment, from which this server has read them.
    subprocess.Popen([sys.executable, "-m", __name__], stdin=reading)  # noqa: S603 - this module
    os.close(reading)


class _ServerEnded(Exception):
    """The server that started this process has ended."""


def main() -> None:
    """Fill the index. End with the server, or if the database does not answer: the next server continues."""
    from minichat import logs
    from minichat.adapters.characters import UnicodeCharacters
    from minichat.adapters.peewee import open_database
    from minichat.adapters.peewee.operations.message_filling import Progress, fill
    from minichat.config import Settings
    from minichat.domain.errors import Unavailable

    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.nice(10)
    settings = Settings.load()
    logs.configure(settings.log_level)
    database = open_database(settings.database_url)
    reported = 0.0

    def report(progress: Progress) -> None:
        nonlocal reported
        if time.monotonic() - reported > REPORT_SECONDS:
            reported = time.monotonic()
            log.info("the search index of messages is being built: %d of %d are in it", *progress)

    def pause(seconds: float) -> None:
        database.checkpoint()
        # Leave at least half of the time to the server.
        if select.select([sys.stdin], [], [], min(seconds, MAX_PAUSE_SECONDS))[0]:
            raise _ServerEnded

    try:
        indexed = fill(database, UnicodeCharacters(), report, pause)
    except _ServerEnded:
        log.info("the search index of messages is incomplete: the next start continues")
    except Unavailable as error:
        log.warning("the search index of messages is incomplete, and the next start continues: %s", error)
    else:
        if indexed:
            log.info("the search index of messages is complete: %d messages were indexed", indexed)


if __name__ == "__main__":
    main()
