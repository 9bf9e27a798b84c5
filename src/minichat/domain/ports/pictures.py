"""The conversion of uploaded pictures."""

from typing import Protocol


class PictureProcessor(Protocol):
    """Converts uploaded pictures, slowly. Raises Unavailable if too many pictures wait to be converted."""

    def square(self, data: bytes) -> bytes:
        """Return an uploaded PNG, JPEG, WebP or GIF as a square in WebP: see `domain.avatars` for the sizes.

        The square is turned as the EXIF data say, and holds no metadata. Raises InvalidInput on `file` for anything
        else: `not_a_picture`, `too_many_pixels`.
        """
