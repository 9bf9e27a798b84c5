"""What the rules need from outside, as protocols. `adapters` implements each twice: in memory and in a database.

Both implementations are held to the same contract tests. Methods that change something are called inside a
transaction (see `Transaction`); those that read may be called anywhere. Unless said otherwise, a miss is None.
Every adapter may raise `Unavailable` when what it stands on is away, and then has changed nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from minichat.domain.model import (
    Caller,
    Change,
    Credentials,
    Device,
    Membership,
    Message,
    Receipts,
    RefreshToken,
    Role,
    Room,
    RoomKind,
    RoomView,
    Session,
    Timestamp,
    User,
)
from minichat.domain.paging import Window


class Transaction(Protocol):
    """`with transaction():` commits when its block ends and rolls back when an exception leaves it. It can't be nested.

    Raises Unavailable if it can't begin within `patience` seconds, or within the adapter's own if that is None.
    """

    def __call__(self, patience: float | None = None) -> AbstractContextManager[None]: ...


Snapshot = Callable[[], AbstractContextManager[None]]
"""`with snapshot():` makes all reads of its block see one moment; inside a transaction it changes nothing."""

Clock = Callable[[], Timestamp]
"""The time now."""

UsernameKey = Callable[[str], str]
"""The key by which a username is compared. Raises ValueError for a name that can't be one (RFC 8265)."""

MixesScripts = Callable[[str], bool]
"""Whether a username mixes scripts that are not written together, as one letter is taken for another (UTS #39)."""

CommonPasswords = Callable[[str], bool]
"""Whether a password, in NFC, is one of the most common, in whatever case."""


class NewUser(NamedTuple):
    username: str
    username_key: str
    password_hash: str
    first_name: str
    last_name: str
    email: str
    joined_at: Timestamp
    is_superuser: bool = False


class NewRoom(NamedTuple):
    name: str
    description: str
    kind: RoomKind
    is_private: bool
    created_at: Timestamp
    pair: tuple[int, int] | None = None
    """The two users of a direct chat, the smaller id first; unique."""


class NewMessage(NamedTuple):
    room_id: int
    user_id: int
    content: str
    created_at: Timestamp
    client_id: str | None = None
    reply_to: int | None = None


class Passwords(Protocol):
    """Hashes passwords, slowly on purpose. Raises Unavailable when too many are being hashed already."""

    def hash(self, password: str) -> str:
        """Return a salted hash of `password`."""

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether `password` made `password_hash`. None is False and takes as long as any other hash."""

    def needs_rehash(self, password_hash: str) -> bool:
        """Tell whether `hash` would go about it differently today than when it made `password_hash`."""


class Users(Protocol):
    def add(self, new: NewUser) -> User | None:
        """Add an account; None if its `username_key` is taken."""

    def get(self, user_id: int) -> User | None: ...

    def by_ids(self, user_ids: Iterable[int]) -> Mapping[int, User]:
        """The users of these ids; unknown ids are left out."""

    def credentials(self, username_key: str) -> Credentials | None: ...

    def credentials_by_id(self, user_id: int) -> Credentials | None: ...

    def change_password(self, user_id: int, old_hash: str, new_hash: str) -> bool:
        """Set the hash if it still is `old_hash`; False if somebody was faster."""

    def update_profile(self, user: User) -> None:
        """Keep the first and last name, e-mail and avatar of `user`."""

    def seen(self, user_id: int, at: Timestamp) -> None:
        """Renew the presence lease."""

    def page(self, window: Window) -> Sequence[User]:
        """All users by `username_key`, one more than the limit if there are more. The key is `(username_key,)`."""

    def online_page(self, since: Timestamp, window: Window) -> Sequence[User]:
        """Like `page`, of those seen after `since`."""

    def search(self, folded: str, limit: int, without: int) -> Sequence[User]:
        """The users with `folded` in one of their `directory.searchable_names`, leaving out the user `without`.

        Names that begin with it come first, shorter before longer, so an exact match leads; then names that hold it
        elsewhere. Each group is ordered by the rest of the name from the match on (its first
        `directory.SEARCHED_MOST` code points, which `folded` is not longer than), then by id.
        """


class Sessions(Protocol):
    def open(self, user_id: int, device: Device, at: Timestamp, expires_at: Timestamp) -> Session: ...

    def caller(self, session_id: int) -> Caller | None:
        """The session with its user, in one look-up: every request makes it."""

    def used(self, session_id: int, at: Timestamp) -> None:
        """Note when the session was last used."""

    def end(self, session_id: int, at: Timestamp) -> None:
        """End the session, if it has not ended yet."""

    def end_others(self, user_id: int, keep: int, at: Timestamp) -> None:
        """End every session of the user but `keep`."""

    def add_token(self, token: RefreshToken) -> None: ...

    def token(self, jti_hash: str) -> RefreshToken | None: ...

    def claim_token(self, jti_hash: str, at: Timestamp) -> bool:
        """Mark the token as used; of any number of callers at once exactly one is told True."""

    def drop_tokens(self, session_id: int) -> None:
        """Forget the session's refresh tokens."""


class Rooms(Protocol):
    def add(self, new: NewRoom) -> Room | None:
        """Add a room without participants; None if there is a direct chat of that pair."""

    def direct_of(self, pair: tuple[int, int]) -> int | None:
        """The id of the pair's direct chat."""

    def access(self, room_id: int, user_id: int) -> tuple[Room, Membership | None] | None:
        """The room and the user's membership in it. In a transaction, the room stays as it is until the end."""

    def view(self, room_id: int, user_id: int) -> RoomView | None:
        """The room as the user sees it."""

    def page_of(self, user_id: int, window: Window) -> Sequence[RoomView]:
        """The user's rooms by latest activity, one more than the limit if there are more. Key: `(active_at, id)`."""

    def public_page(self, user_id: int, window: Window) -> Sequence[RoomView]:
        """Like `page_of`, of the public rooms that the user is not in, as cards."""

    def update(self, room: Room) -> None:
        """Keep the name, description and privacy of `room`."""

    def remove(self, room_id: int, at: Timestamp) -> None:
        """Remove the room with all that is in it, in constant time."""


class Memberships(Protocol):
    def add(self, room_id: int, user_id: int, role: Role, joined_seq: int) -> Membership | None:
        """Add a participant and count it; None if the user is one already."""

    def remove(self, membership: Membership) -> None:
        """Remove a participant and count it out."""

    def set_role(self, membership: Membership, role: Role) -> None: ...

    def heir(self, room_id: int, without: int) -> Membership | None:
        """Who comes first but for `without`: the owner, else the moderator, else the member, who joined first."""

    def page(self, room_id: int, window: Window) -> Sequence[Membership]:
        """The room's participants by joining, one more than the limit if there are more. Key: `(id,)`."""

    def see(self, room_id: int, user_id: int, seq: int) -> bool:
        """Move the user's receipt forward to `seq`; False if it was there already."""

    def receipts(self, user_id: int, room_ids: Iterable[int]) -> Mapping[int, Receipts]:
        """By room id, for those of the rooms that the user is in."""


class Messages(Protocol):
    def append(self, new: NewMessage) -> Message | None:
        """Add the room's next message and mark the room as active; None, and no `seq` spent, if the user has used
        this `client_id` in this room.
        """

    def get(self, message_id: int) -> Message | None: ...

    def by_client_id(self, room_id: int, user_id: int, client_id: str) -> Message | None: ...

    def before(self, room_id: int, seq: int | None, limit: int) -> Sequence[Message]:
        """The newest `limit` messages of the room with a smaller `seq` (or of all), oldest first."""

    def after(self, room_id: int, seq: int, limit: int) -> Sequence[Message]:
        """The oldest `limit` messages of the room with a larger `seq`, oldest first."""

    def latest_before(self, user_id: int, message_id: int | None, limit: int) -> Sequence[Message]:
        """Like `before`, over all rooms of the user and by message id."""

    def latest_after(self, user_id: int, message_id: int, limit: int) -> Sequence[Message]:
        """Like `after`, over all rooms of the user and by message id."""


class Changes(Protocol):
    def record(self, change: Change) -> None:
        """Append to the change log, in the transaction of what it tells."""


class Ports(NamedTuple):
    """Everything that the services are made of: `services.build` takes one of these."""

    transaction: Transaction
    snapshot: Snapshot
    clock: Clock
    username_key: UsernameKey
    mixes_scripts: MixesScripts
    is_common_password: CommonPasswords
    passwords: Passwords
    users: Users
    sessions: Sessions
    rooms: Rooms
    memberships: Memberships
    messages: Messages
    changes: Changes
