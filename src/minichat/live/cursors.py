"""Cursors: positions of the change log as text that a client keeps and can't make up."""

import base64
import hmac
import re
from collections.abc import Sequence

from minichat.domain.errors import InvalidCursor
from minichat.domain.model import LogPosition

_FORM = re.compile(r"([0-9]{1,19}(?:-[0-9]{1,19})*)\.([A-Za-z0-9_-]{12})")
_SEAL = 9
"""How many bytes of the seal are kept: enough that nobody hits one by trying."""


class Cursors:
    """Writes cursors sealed with the first of the keys, and reads those of each."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = keys

    def written(self, position: LogPosition) -> str:
        """The position as a cursor."""
        text = "-".join(map(str, position))
        return f"{text}.{_seal(self._keys[0], text)}"

    def read(self, cursor: str, field: str) -> LogPosition:
        """The position that a cursor names. Raises InvalidCursor, on the field that it came in, for one not ours."""
        found = _FORM.fullmatch(cursor)
        if found is None or not any(hmac.compare_digest(found[2], _seal(key, found[1])) for key in self._keys):
            raise InvalidCursor.of(field, "invalid_cursor")
        return tuple(map(int, found[1].split("-")))


def _seal(key: bytes, text: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")[:_SEAL]).decode()
