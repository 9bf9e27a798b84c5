"""Pictures by Pillow: an upload becomes a square of 256 pixels in WebP, without the upload's metadata.

`picture_conversion` does the work. Few workers ever convert a picture, so Pillow is imported by the first one. This
module does not know where pictures are stored.
"""

from minichat.adapters.offloading import ConcurrencyLimit, Offload, run_here
from minichat.domain.errors import InvalidInput

MAX_RUNNING = 1
"""A picture of 4096 x 4096 pixels takes up to 260 MiB for half a second, so a worker converts one at a time."""
MAX_WAITING = 16
"""Each waiting upload holds 2 MiB."""
PATIENCE_SECONDS = 5.0


class PillowPictures:
    def __init__(self, offload: Offload = run_here) -> None:
        self._limit = ConcurrencyLimit(
            offload, max_running=MAX_RUNNING, max_waiting=MAX_WAITING, patience_seconds=PATIENCE_SECONDS
        )

    def square(self, data: bytes) -> bytes:
        from minichat.adapters.picture_conversion import convert

        converted = self._limit.run(lambda: convert(data))
        if isinstance(converted, InvalidInput):
            raise converted
        return converted
