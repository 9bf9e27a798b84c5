"""Making an uploaded picture fit to be shown."""

from typing import Protocol


class PictureProcessor(Protocol):
    """Makes pictures fit to be shown, slowly. Raises Unavailable when too many are being made already."""

    def square(self, data: bytes) -> bytes:
        """Make of an uploaded PNG, JPEG, WebP or GIF a square in WebP: see `domain.avatars` for the sizes.

        It is turned as its EXIF says, and holds nothing of the file but its colours. Raises InvalidInput on `file`
        for everything else: `not_a_picture`, `too_many_pixels`.
        """
