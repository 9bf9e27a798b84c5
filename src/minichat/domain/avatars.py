"""Uploaded pictures of users: the files, and the rows that name them. Transactions do not cover the files.

The order of the steps makes a crash harmless at any point. A file is complete before a row names it, and it is removed
only after the commit that removes its name from the row. So a crash can leave a file without a row, which retention
removes later, but never a row without its file. This module decodes no picture: a port does.
"""

import re
from dataclasses import dataclass

from minichat.domain.errors import NotFound, SessionEnded
from minichat.domain.model import User
from minichat.domain.ports import MediaStore, PictureProcessor, Transaction, UserStore

SIDE = 256
"""The width and height of a stored picture, in pixels."""
MAX_SIDE = 4096
"""The largest width or height of an uploaded picture, in pixels."""
MAX_FILE_BYTES = 2 * 2**20

NAME = "[A-Za-z0-9_-]{22}"
"""The pattern of a picture's name: 16 random bytes in base64url."""
_PATH = re.compile(rf"/avatars/({NAME})\.webp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Avatars:
    transaction: Transaction
    user_store: UserStore
    picture_processor: PictureProcessor
    media_store: MediaStore

    def upload(self, user_id: int, data: bytes) -> User:
        """Store an uploaded picture as the user's avatar; return the user. Raises InvalidInput or SessionEnded."""
        name = self.media_store.add(self.picture_processor.square(data))
        try:
            user, former_url = self._keep(user_id, picture_url(name))
        except Exception:
            self.media_store.remove(name)
            raise
        discard_picture(self.media_store, former_url)
        return user

    def check(self, data: bytes) -> None:
        """Raise InvalidInput if the file is no picture that `upload` would store."""
        self.picture_processor.square(data)

    def remove(self, user_id: int) -> User:
        """Remove the user's avatar; return the user, now with the placeholder. Raises SessionEnded."""
        user, former_url = self._keep(user_id, "")
        discard_picture(self.media_store, former_url)
        return user

    def picture(self, name: str) -> bytes:
        """Return the uploaded picture of that name, in WebP. Raises NotFound."""
        data = self.media_store.read(name)
        if data is None:
            raise NotFound
        return data

    def _keep(self, user_id: int, avatar_url: str) -> tuple[User, str]:
        """Set the URL; return the user and the former URL. Raises SessionEnded."""
        with self.transaction(account=user_id):
            user = self.user_store.get(user_id)
            if user is None or user.is_erased:
                raise SessionEnded  # the account was erased while the picture was converted
            shown = user._replace(avatar_url=avatar_url)
            if shown != user:
                self.user_store.update_profile(shown)
            return shown, user.avatar_url


def picture_url(name: str) -> str:
    """Return the `User.avatar_url` of the uploaded picture of that name."""
    return f"/avatars/{name}.webp"


def is_picture_url(avatar_url: str) -> bool:
    """Return whether the URL is the `User.avatar_url` of an uploaded picture."""
    return _PATH.fullmatch(avatar_url) is not None


def discard_picture(media: MediaStore, avatar_url: str) -> None:
    """Remove the file of an uploaded picture. Call this after the commit that removed its name from the row."""
    if ours := _PATH.fullmatch(avatar_url):
        media.remove(ours[1])
