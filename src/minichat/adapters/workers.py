"""The gunicorn worker of this process, of any class: the streams that it can carry, and the moment when it stops.

The plain command `gunicorn 'minichat.app:create_app()'` passes nothing to the app, and with `--preload` the app exists
before its worker. But every worker handles SIGTERM by a method of its own, which reveals the worker to any thread.
Other servers have no such worker: there streams are unlimited and end with the process. Implements `Worker`.
"""

import inspect
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker
from gunicorn.workers.base_async import AsyncWorker
from gunicorn.workers.gthread import ThreadWorker

from minichat.adapters import gevents

CHECK_SECONDS = 0.1
"""Interval between two checks whether a worker without an event for it stops: the delay of the end of its streams."""


class PreloadedTooEarly(RuntimeError):
    """gunicorn would share an app that gevent has not patched. It prints the text of a RuntimeError, and ends."""


def check_preload() -> None:
    """Raise PreloadedTooEarly if gunicorn's arbiter builds the app for gevent workers, which patch only themselves.

    Their greenlets would share locks and connections that belong to threads, and the first stream would block a worker.
    """
    frame = inspect.currentframe()
    while frame is not None:
        owner = frame.f_locals.get("self")
        if isinstance(owner, Arbiter):
            if issubclass(owner.cfg.worker_class, AsyncWorker) and not gevents.runs_requests():
                raise PreloadedTooEarly(
                    "minichat can't be preloaded for gevent workers. Start gunicorn without --preload."
                )
            return
        frame = frame.f_back


class GunicornWorker:
    def max_streams(self) -> int:
        """Return a number below the worker's threads or connections: a stream occupies one until its end."""
        worker = _worker()
        if worker is None:
            return sys.maxsize
        if isinstance(worker, AsyncWorker):
            return worker.worker_connections * 9 // 10
        if isinstance(worker, ThreadWorker):
            return int(worker.cfg.threads) - 1
        return 0

    def when_stopping(self, action: Callable[[], None]) -> None:
        worker = _worker()
        if worker is not None:
            threading.Thread(target=_act_at_end, args=(worker, action), name="minichat-stop", daemon=True).start()


def _worker() -> Worker | None:
    owner = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return owner if isinstance(owner, Worker) else None


def _act_at_end(worker: Worker, action: Callable[[], None]) -> None:
    stops = getattr(worker, "stops", None)
    if stops is not None:  # an event of the worker of `minichat serve`
        stops.wait()
    else:
        # A signal, `--max-requests` and `--reload` clear `alive`. A worker whose arbiter was killed stops by itself.
        while worker.alive and worker.ppid == os.getppid():
            time.sleep(CHECK_SECONDS)
    action()
