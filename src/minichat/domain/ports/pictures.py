"""The conversion of uploaded pictures."""

from typing import Protocol


class PictureProcessor(Protocol):
    """Converts uploaded pictures, slowly. Raises Unavailable if too many pictures wait to be converted."""

    def square(self, data: bytes) -> bytes:
        """Return an uploaded PNG, JPEG, WebP or GIF as a square in WebP: see `domain.avatars` for the sizes.

        The square is rotated by the EXIF data and contains no metadata. Raises InvalidInput on `file` with the code
        `not_a_picture` or `too_many_pixels`.
        """
