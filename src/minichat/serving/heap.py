"""The memory of a worker: how often garbage is collected, and how freed memory returns to the system.

After thousands of clients have returned at once, a third of a worker's memory is free. glibc keeps it, because a few
blocks in use lie behind it.
"""

import gc
from collections.abc import Callable

COLLECTION_THRESHOLDS = (10_000, 10, 20)
"""The new objects before a collection of the youngest, and how often before one of the next generation.

With Python's own, 700 objects, streams that return by thousands cause one full collection after another: each stops the
worker for 50 to 170 ms and finds nothing, since requests and streams leave no cycles. Now 2,000,000 objects come first.
"""


def collect_rarely() -> None:
    """Exclude all present objects from later collections, and let these be rare."""
    gc.freeze()
    gc.set_threshold(*COLLECTION_THRESHOLDS)


def free_memory_returner() -> Callable[[], object]:
    """Return a function that returns freed memory to the system. It takes about 4 ms.

    Without glibc, the function does nothing: other libraries return the memory themselves.
    """
    import ctypes  # late: it takes 4 ms, and no request waits for this

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return (lambda: None) if trim is None else (lambda: trim(0))
