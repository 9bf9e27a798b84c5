"""The log: one JSON object a line on standard error, for the whole process; on a terminal, lines for people.

Whoever has something to say says it with `logging`; this is only where it goes, and in which form. A line holds what is
listed here and nothing else: no argument, local variable or odd attribute gets into it by accident. What a client sent
can neither end a line nor begin one.
"""

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
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import format_exc_info
from structlog.stdlib import ProcessorFormatter
from structlog.types import EventDict, WrappedLogger

LINE_MOST = 4_000
"""The longest line, in bytes: up to 4096, a pipe takes each whole, however many workers write to it."""
ACCESS = "minichat.access"
"""The logger that tells of each answered request, in words of ours alone."""
ANSWERED = ("status", "duration_ms", "bytes", "ip")
"""What it tells of one, besides what every line from within a request tells."""

_SECRET_LEAST = 4
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*")
_GONE = "[removed]"
_poll = get_original("select", "poll")  # gevent's would let other greenlets run, in the middle of anything


def configure(
    level: str,
    request_facts: Callable[[], Mapping[str, Any]] = dict,
    request_texts: Callable[[], Iterable[str]] = tuple,
) -> None:
    """Let everything that this process says go to standard error from now on.

    `level` is that of minichat's own loggers; libraries tell nothing below `info`, because what they call debugging
    holds SQL and headers. `request_facts` gives what a line tells of the request that it is from, and `request_texts`
    what came with that request and must not be in the log, wherever it turns up.
    """
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, Lines):
            root.removeHandler(handler)
    if sys.stderr is not None:  # closed by whoever started us
        lines = Lines(sys.stderr)
        lines.setFormatter(_Formatter(request_facts, request_texts, for_people=sys.stderr.isatty()))
        root.addHandler(lines)
    chosen = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(chosen, logging.INFO))
    logging.getLogger("minichat").setLevel(chosen)
    gunicorn = logging.getLogger("gunicorn.error")
    gunicorn.handlers.clear()
    gunicorn.propagate = True
    # It writes down whole request lines, with the tickets in them; ours (`minichat.access`) does not.
    logging.getLogger("gunicorn.access").disabled = True
    logging.captureWarnings(True)
    # What no line shows need not be found out for each.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - as logging's documentation advises


class GunicornLogs(Logger):  # type: ignore[misc, unused-ignore]
    """gunicorn's messages in our form from the very first; also for `gunicorn --logger-class`."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        configure(str(cfg.loglevel))


class Lines(logging.StreamHandler[TextIO]):
    """A stream to which lines are written while it takes them; no line is worth a request, or a worker that hangs."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._ready = _poll()
        self._ready.register(stream.fileno(), select.POLLOUT)

    def emit(self, record: logging.LogRecord) -> None:
        if self._ready.poll(0):
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Lose the line: the reader has gone, and there is nowhere to say so."""


class _Formatter(ProcessorFormatter):
    """Makes a line of each record: what `_told` lists, and a traceback; without what came with the request."""

    def __init__(
        self,
        request_facts: Callable[[], Mapping[str, Any]],
        request_texts: Callable[[], Iterable[str]],
        *,
        for_people: bool,
    ) -> None:
        form = [_without_controls, _console] if for_people else [_json]
        super().__init__(processors=[format_exc_info, self._describe, self._strike, *form])
        self._request_facts = request_facts
        self._request_texts = request_texts
        self._for_people = for_people

    def format(self, record: logging.LogRecord) -> str:
        if record.name == ACCESS and not self._for_people:
            return _dumped(self._told(record, record.getMessage()))  # most lines are such, so they go a shorter way
        return super().format(record)

    def _told(self, record: logging.LogRecord, text: str) -> EventDict:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return {
            "time": time.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": text,
            **self._request_facts(),
            **{name: record.__dict__[name] for name in ANSWERED if name in record.__dict__},
        }

    def _describe(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        described = self._told(event["_record"], event["event"])
        if "exception" in event:
            described["exception"] = event["exception"]
        return described

    def _strike(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        if event["logger"] == ACCESS:
            return event  # there is no text in it
        secrets = sorted({text for text in self._request_texts() if len(text) >= _SECRET_LEAST}, key=len, reverse=True)
        for field in ("event", "exception"):
            if field in event:
                text = _TOKEN.sub(_GONE, event[field])
                for secret in secrets:
                    text = text.replace(secret, _GONE)
                event[field] = text
        return event


def _json(_: WrappedLogger, __: str, event: EventDict) -> str:
    line = _dumped(event)
    while len(line.encode()) > LINE_MOST:
        # A traceback says at its end what went wrong.
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
    # JSON lets U+2028 and the like stand, which some readers take for the end of a line.
    return line if line.isprintable() else _escaped(line)


_console = ConsoleRenderer(timestamp_key="time", exception_formatter=plain_traceback)


def _without_controls(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The event without what would steer the terminal; a traceback keeps its lines."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            lines = value.split("\n") if name == "exception" else [value]
            event[name] = "\n".join(map(_escaped, lines))
    return event


def _escaped(text: str) -> str:
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)
