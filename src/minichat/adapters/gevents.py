"""The only module that depends on gevent's monkey patches: it detects them and returns the original objects.

Under `minichat serve` gevent patches the worker before it imports anything else. A command, a test or another kind of
worker runs without gevent, so this module never imports gevent itself.
"""

import socket
import sys
import threading
from typing import Any

from minichat.adapters.offloading import Offload, run_here


def runs_requests() -> bool:
    """Return whether gevent has patched this process, so that a greenlet serves each request."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and bool(monkey.is_module_patched("socket"))


def offload() -> Offload:
    """Return how to run blocking native code: in gevent's threads under gevent, else in the caller's thread."""
    if not runs_requests():
        return run_here
    from gevent import get_hub

    return get_hub().threadpool.apply


def native_local() -> Any:
    """Return a `threading.local` of the operating system's threads, also where gevent has replaced the class."""
    if not runs_requests():
        return threading.local()
    from gevent.monkey import get_original

    return get_original("threading", "local")()


def native_socket_class() -> Any:
    """Return the system's socket class, also where gevent has replaced it."""
    if not runs_requests():
        return socket.socket
    from gevent.monkey import get_original

    return get_original("socket", "socket")
