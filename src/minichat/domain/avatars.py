"""Uploaded pictures of people: files, which no transaction covers, and the rows that name them.

The order makes it safe to die between any two lines: a file is complete before a row names it, and goes only after the
commit by which none does. What a crash leaves behind is a file that no row names, and never the other way round.
"""

import re
from dataclasses import dataclass

from minichat.domain.errors import NotFound, SessionEnded
from minichat.domain.model import User
from minichat.domain.ports import MediaStore, PictureProcessor, Transaction, UserStore

SIDE = 256
"""The width and height of a picture as it is shown, in pixels."""
MAX_SIDE = 4096
"""The largest width or height of one that is uploaded."""
MAX_FILE_BYTES = 2 * 2**20

NAME = "[A-Za-z0-9_-]{22}"
"""What a picture is called: 16 random bytes in base64url."""
_PATH = re.compile(rf"/avatars/({NAME})\.webp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Avatars:
    transaction: Transaction
    user_store: UserStore
    picture_processor: PictureProcessor
    media_store: MediaStore

    def upload(self, user_id: int, data: bytes) -> User:
        """Show what was uploaded as the user's picture. Raises InvalidInput."""
        name = self.media_store.add(self.picture_processor.square(data))
        try:
            user, former_url = self._keep(user_id, picture_url(name))
        except Exception:
            self.media_store.remove(name)
            raise
        discard_picture(self.media_store, former_url)
        return user

    def remove(self, user_id: int) -> User:
        """Return to the placeholder."""
        user, former_url = self._keep(user_id, "")
        discard_picture(self.media_store, former_url)
        return user

    def picture(self, name: str) -> bytes:
        """The uploaded picture of that name, in WebP. Raises NotFound."""
        data = self.media_store.read(name)
        if data is None:
            raise NotFound
        return data

    def _keep(self, user_id: int, avatar_url: str) -> tuple[User, str]:
        """Set the URL; return the user and the URL that was there before."""
        with self.transaction(account=user_id):
            user = self.user_store.get(user_id)
            if user is None or user.is_erased:
                raise SessionEnded  # while the picture was being made
            shown = user._replace(avatar_url=avatar_url)
            if shown != user:
                self.user_store.update_profile(shown)
            return shown, user.avatar_url


def picture_url(name: str) -> str:
    """The `User.avatar_url` of the uploaded picture of that name."""
    return f"/avatars/{name}.webp"


def is_picture_url(avatar_url: str) -> bool:
    """Whether that is how the `User.avatar_url` of an uploaded picture looks."""
    return _PATH.fullmatch(avatar_url) is not None


def discard_picture(media: MediaStore, avatar_url: str) -> None:
    """Remove the file of a `User.avatar_url` that no row holds any more, if it is one of ours: after the commit."""
    if ours := _PATH.fullmatch(avatar_url):
        media.remove(ours[1])
