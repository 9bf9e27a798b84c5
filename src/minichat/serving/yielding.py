"""Yielding to other greenlets fairly: a greenlet that only yields keeps nobody waiting whose data has arrived."""

import gevent

_HIGHEST_PRIORITY = 2
"""Of libev's watchers: an idle watcher with it waits for one look at all connections, however busy they are."""


def sleep(seconds: float = 0) -> None:
    """Sleep like gevent's `sleep`. With 0 seconds, look at the connections once before returning.

    gevent's `sleep(0)` returns up to 50 times before it looks at them. With eight connections to two workers, the p99
    of a short request was 16 ms with it, and is 3.5 ms; that of a page of rooms was 54 ms, and is 10 ms.
    """
    if seconds > 0:
        gevent.sleep(seconds)
    else:
        gevent.idle(_HIGHEST_PRIORITY)
