"""The only module that depends on gevent's monkey patches: it detects them and returns the original objects.

Under `minichat serve` gevent patches the worker before it imports anything else. A command, a test or another kind of
worker runs without gevent, so this module never imports gevent itself.
"""

import select
import socket
import ssl
import sys
import threading
from collections.abc import Callable
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


def native_epoll_class() -> Any:
    """Return the system's epoll, which gevent removes."""
    if not runs_requests():
        return select.epoll
    from gevent.monkey import get_original

    return get_original("select", "epoll")


def can_share(connection: Any) -> bool:
    """Return whether any greenlet can use a duplicate of a connection: not without gevent, nor over TLS."""
    return runs_requests() and not isinstance(connection, ssl.SSLSocket)


def start(action: Callable[[], object]) -> None:
    """Run `action` in a greenlet or thread of its own. Also from gevent's loop, where nothing may wait."""
    if runs_requests():
        import gevent

        gevent.spawn(action)
    else:
        threading.Thread(target=action, name="minichat-start", daemon=True).start()


def whenever_readable(descriptor: int, action: Callable[[], None]) -> None:
    """Call `action` whenever the descriptor is readable, in gevent's loop or in a thread. Return at once."""
    if runs_requests():
        from gevent import get_hub

        get_hub().loop.io(descriptor, 1).start(action)
    else:
        threading.Thread(target=_wait_and_act, args=(descriptor, action), name="minichat-wait", daemon=True).start()


def _wait_and_act(descriptor: int, action: Callable[[], None]) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while True:
        poll.poll()
        action()
