"""Messages and receipts."""

from typing import NamedTuple

from minichat.domain.model.values import Timestamp


class Message(NamedTuple):
    id: int
    room_id: int
    seq: int
    user_id: int
    content: str
    created_at: Timestamp
    edited_at: Timestamp | None
    is_deleted: bool
    reply_to: int | None
    client_id: str | None


class Receipts(NamedTuple):
    """What `is_read` of a room's messages follows from, for one viewer."""

    own_seq: int
    others_seq: int
