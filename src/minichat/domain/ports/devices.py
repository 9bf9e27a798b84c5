"""The device behind the current request."""

from collections.abc import Callable

from minichat.domain.model import Device

CurrentDevice = Callable[[], Device]
"""The device of the request that this thread or greenlet serves; an empty one outside of requests."""
