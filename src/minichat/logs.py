"""The log: one JSON object per line on standard error; on a terminal, lines for people.

All modules log with `logging`; this module formats and writes the lines. A line holds only the fields that are listed
here, never an argument, a local variable or another attribute. Text from a client can't end a line or begin a new one.
This module knows nothing of requests: `configure` receives functions for their fields.
"""

import errno
import json
import logging
import re
import select
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
from gevent.monkey import get_original
from gunicorn.config import Config
from gunicorn.glogging import Logger

from minichat.lean_imports import deferred, without

# `rich` is for tracebacks with colours and local variables, `asyncio` for loggers in coroutines. This log has neither.
with without("rich"), deferred("asyncio"):
    from structlog.dev import ConsoleRenderer, plain_traceback
    from structlog.processors import format_exc_info
    from structlog.stdlib import ProcessorFormatter
    from structlog.types import EventDict, WrappedLogger

MAX_LINE_BYTES = 4_000
"""A pipe writes up to 4096 bytes at once, so lines of several workers do not mix."""
ACCESS = "minichat.access"
"""The logger of answered requests. Its text is constant."""
ACCESS_FIELDS = ("status", "duration_ms", "bytes", "ip")
"""Its fields, in addition to those of every line from within a request."""

_MIN_SECRET_LENGTH = 4
"""Minimum length of request texts that the log removes. Shorter texts occur by chance."""
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_REMOVED = "[removed]"
_VANISHED = {errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH}
"""The errors of a connection whose other end is gone without a word. gunicorn takes them for errors of its own."""
_poll = get_original("select", "poll")  # gevent's version would switch to another greenlet


def configure(
    level: str,
    request_facts: Callable[[], Mapping[str, Any]] = dict,
    request_texts: Callable[[], Iterable[str]] = tuple,
) -> None:
    """Write the log of this process to standard error from now on.

    `level` is the level of minichat's own loggers. Libraries log at `info` or above, because their debugging output
    holds SQL and headers. `request_facts` returns the fields of the current request. `request_texts` returns the texts
    that came with it, which must not appear in any line.
    """
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, Lines):
            root.removeHandler(handler)
    if sys.stderr is not None:  # None if the parent process has closed it
        lines = Lines(sys.stderr)
        lines.setFormatter(_Formatter(request_facts, request_texts, for_people=sys.stderr.isatty()))
        root.addHandler(lines)
    chosen = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(chosen, logging.INFO))
    logging.getLogger("minichat").setLevel(chosen)
    gunicorn = logging.getLogger("gunicorn.error")
    gunicorn.handlers.clear()
    gunicorn.propagate = True
    gunicorn.addFilter(_is_no_vanished_client)
    # gunicorn's access log holds complete request lines with tickets; `minichat.access` does not.
    logging.getLogger("gunicorn.access").disabled = True
    logging.captureWarnings(True)
    # No line shows these, so logging need not collect them.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - documented as an optimisation


class GunicornLogs(Logger):  # type: ignore[misc, unused-ignore]
    """Writes gunicorn's messages in our format, from the first one on. Also for `gunicorn --logger-class`."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        configure(str(cfg.loglevel))


def _is_no_vanished_client(record: logging.LogRecord) -> bool:
    """Return False for gunicorn's report of a client that does not answer any more, which is no error of the server."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, OSError) or error.errno not in _VANISHED


class Lines(logging.StreamHandler[TextIO]):
    """A handler that drops lines while the stream accepts none, so that a stalled reader can't block a worker."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._ready = _poll()
        self._ready.register(stream.fileno(), select.POLLOUT)

    def emit(self, record: logging.LogRecord) -> None:
        if self._ready.poll(0):
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Drop the line: the reader has closed the stream, and there is no other place to report it."""


class _Formatter(ProcessorFormatter):
    """Formats a record: the fields of `_fields` and a traceback, without texts of the request."""

    def __init__(
        self,
        request_facts: Callable[[], Mapping[str, Any]],
        request_texts: Callable[[], Iterable[str]],
        *,
        for_people: bool,
    ) -> None:
        form = [_without_controls, _console] if for_people else [_json]
        super().__init__(processors=[format_exc_info, self._describe, self._remove_request_texts, *form])
        self._request_facts = request_facts
        self._request_texts = request_texts
        self._for_people = for_people

    def format(self, record: logging.LogRecord) -> str:
        if record.name == ACCESS and not self._for_people:
            return _dumped(self._fields(record, record.getMessage()))  # the most frequent lines take a shorter path
        return super().format(record)

    def _fields(self, record: logging.LogRecord, text: str) -> EventDict:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return {
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": text,
            **self._request_facts(),
            **{name: record.__dict__[name] for name in ACCESS_FIELDS if name in record.__dict__},
        }

    def _describe(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        described = self._fields(event["_record"], event["event"])
        if "exception" in event:
            described["exception"] = event["exception"]
        return described

    def _remove_request_texts(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        if event["logger"] == ACCESS:
            return event  # it holds no text
        secrets = sorted(
            {text for text in self._request_texts() if len(text) >= _MIN_SECRET_LENGTH}, key=len, reverse=True
        )
        for field in ("event", "exception"):
            if field in event:
                text = _TOKEN.sub(_REMOVED, event[field])
                for secret in secrets:
                    text = text.replace(secret, _REMOVED)
                event[field] = text
        return event


def _json(_: WrappedLogger, __: str, event: EventDict) -> str:
    line = _dumped(event)
    while len(line.encode()) > MAX_LINE_BYTES:
        # Keep the end, where a traceback names the error.
        longest = max((name for name in event if isinstance(event[name], str)), key=lambda name: len(event[name]))
        text = event[longest]
        event[longest] = f"…{text[len(text) // 8 + 2 :]}"
        line = _dumped(event)
    return line


def _dumped(event: EventDict) -> str:
    try:
        line = orjson.dumps(event).decode()
    except TypeError:  # lone surrogates, numbers beyond 64 bits
        line = json.dumps(event, default=str)
    # JSON allows U+2028 and similar characters, which some readers treat as the end of a line.
    return line if line.isprintable() else _escaped(line)


_console = ConsoleRenderer(timestamp_key="time", exception_formatter=plain_traceback)


def _without_controls(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Escape control characters, which a terminal would obey; a traceback keeps its lines."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            lines = value.split("\n") if name == "exception" else [value]
            event[name] = "\n".join(map(_escaped, lines))
    return event


def _escaped(text: str) -> str:
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
