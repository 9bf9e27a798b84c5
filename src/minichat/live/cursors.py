"""Cursors: positions of the change log as text. A client stores a cursor and returns it, but cannot forge one."""

import base64
import hmac
import re
from collections.abc import Mapping, Sequence

from minichat.domain.errors import InvalidCursor, Issue
from minichat.domain.model import LogPosition

_FORM = re.compile(r"([0-9]{1,19}(?:-[0-9]{1,19})*)\.([A-Za-z0-9_-]{12})")
_SIGNATURE_BYTES = 9
"""The length of the truncated signature: 72 bits can't be guessed."""


class Cursors:
    """Signs cursors with the first key, and accepts those signed with any key."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = keys

    def encode(self, position: LogPosition) -> str:
        """Return the cursor of a position."""
        text = "-".join(map(str, position))
        return f"{text}.{_signature(self._keys[0], text)}"

    def decode(self, cursor: str, field: str) -> LogPosition:
        """Return the position of a cursor. Raises InvalidCursor, naming the field, if we did not sign it."""
        found = _FORM.fullmatch(cursor)
        if found is None or not any(hmac.compare_digest(found[2], _signature(key, found[1])) for key in self._keys):
            raise InvalidCursor.of(field, "invalid_cursor")
        return tuple(map(int, found[1].split("-")))

    def newest(self, cursors: Mapping[str, str]) -> LogPosition | None:
        """Return the newest position among cursors by their fields, or None without any.

        Positions of different logs have no order: the log of the first cursor counts. Raises InvalidCursor, which names
        every wrong field.
        """
        positions: list[LogPosition] = []
        issues: dict[str, Sequence[Issue]] = {}
        for field, cursor in cursors.items():
            try:
                positions.append(self.decode(cursor, field))
            except InvalidCursor as error:
                issues |= error.issues
        if issues:
            raise InvalidCursor(issues)
        return max((position for position in positions if position[0] == positions[0][0]), default=None)


def _signature(key: bytes, text: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")[:_SIGNATURE_BYTES]).decode()
