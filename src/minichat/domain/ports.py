"""What the rules need from outside, as protocols. `adapters` implements each twice: in memory and in a database.

Both implementations are held to the same contract tests. Methods that change something are called inside a
transaction (see `Transaction`); those that read may be called anywhere. Unless said otherwise, a miss is None.
Every adapter may raise `Unavailable` when what it stands on is away, and then has changed nothing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from minichat.domain.model import (
    AuditEntry,
    AuditEvent,
    Ban,
    Caller,
    Change,
    Credentials,
    Device,
    JoinedRoom,
    Membership,
    Message,
    Receipts,
    RefreshToken,
    Role,
    Room,
    RoomKind,
    RoomView,
    Session,
    Tally,
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

EmailAddress = Callable[[str], str]
"""The normal form of an e-mail address. Raises ValueError for what is none (RFC 5321, RFC 6531)."""


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
        """Tell whether `password` made `password_hash`. None or "" is False and takes as long as any other hash."""

    def needs_rehash(self, password_hash: str) -> bool:
        """Tell whether `hash` would go about it differently today than when it made `password_hash`."""


class Pictures(Protocol):
    """Makes pictures fit to be shown, slowly. Raises Unavailable when too many are being made already."""

    def square(self, data: bytes) -> bytes:
        """Make of an uploaded PNG, JPEG, WebP or GIF a square in WebP: see `domain.avatars` for the sizes.

        It is turned as its EXIF says, and holds nothing of the file but its colours. Raises InvalidInput on `file`
        for everything else: `not_a_picture`, `too_many_pixels`.
        """


class Media(Protocol):
    """Keeps uploaded pictures as files under random names. It takes no part in transactions: see `domain.avatars`."""

    def add(self, data: bytes) -> str:
        """Keep the file; return its new name. When it returns, the file is whole and on the disk."""

    def read(self, name: str) -> bytes | None: ...

    def remove(self, name: str) -> None:
        """Remove the file, if there is one. One that can't be removed is no error: it is left to who sweeps later."""

    def names(self) -> Iterable[tuple[str, int]]:
        """The names of all files with their ages in milliseconds, those included that were never finished."""


class Users(Protocol):
    def add(self, new: NewUser) -> User | None:
        """Add an account; None if its `username_key` is taken at `joined_at`."""

    def is_taken(self, username_key: str, at: Timestamp) -> bool:
        """Whether somebody has that key, or it was freed by `erase` and is still kept from everybody."""

    def get(self, user_id: int) -> User | None: ...

    def by_ids(self, user_ids: Iterable[int]) -> Mapping[int, User]:
        """The users of these ids; unknown ids are left out."""

    def credentials(self, username_key: str) -> Credentials | None: ...

    def credentials_by_id(self, user_id: int) -> Credentials | None: ...

    def change_password(self, user_id: int, old_hash: str, new_hash: str) -> bool:
        """Set the hash if it still is `old_hash`; False if somebody was faster."""

    def update_profile(self, user: User) -> None:
        """Keep the first and last name, e-mail and avatar of `user`."""

    def set_active(self, user_id: int, is_active: bool) -> bool:
        """Enable or disable the account; False if it was so already, or there is none."""

    def seen(self, user_id: int, at: Timestamp) -> None:
        """Renew the presence lease."""

    def page(self, window: Window) -> Sequence[User]:
        """All users but erased ones by `username_key`, one more than the limit if there are more.

        The key is `(username_key,)`.
        """

    def online_page(self, since: Timestamp, window: Window) -> Sequence[User]:
        """Like `page`, of those seen after `since`."""

    def search(self, folded: str, limit: int, without: int) -> Sequence[User]:
        """The users with `folded` in one of their `directory.searchable_names`, leaving out the user `without`.

        Names that begin with it come first, shorter before longer, so an exact match leads; then names that hold it
        elsewhere. Each group is ordered by the rest of the name from the match on (its first
        `directory.SEARCHED_MOST` code points, which `folded` is not longer than), then by id.
        """

    def shown_avatars(self, avatar_urls: Iterable[str]) -> Collection[str]:
        """Those of these `User.avatar_url` that somebody has."""

    def erase(self, remains: User, free_at: Timestamp) -> None:
        """Put `remains` in the place of the account of that id: its names, profile and password are forgotten.

        Nobody may have its former `username_key` before `free_at`. No page or search shows an erased account; it is
        still got by its id, for the messages that it bears.
        """

    def sweep_freed_names(self, at: Timestamp, limit: int) -> int:
        """Forget up to `limit` names of erased accounts that anybody may have at `at`; return how many."""


class Sessions(Protocol):
    def open(self, user_id: int, device: Device, at: Timestamp, expires_at: Timestamp) -> Session: ...

    def caller(self, session_id: int) -> Caller | None:
        """The session with its user, in one look-up: every request makes it."""

    def used(self, session_id: int, at: Timestamp) -> None:
        """Note when the session was last used."""

    def of(self, user_id: int, session_id: int) -> Session | None:
        """The user's session of that id, ended or not."""

    def live_page(self, user_id: int, at: Timestamp, window: Window) -> Sequence[Session]:
        """The user's sessions that live at `at`, the newest first, one more than the limit if there are more.

        The key is `(id,)`.
        """

    def is_known(self, user_id: int, network: str, user_agent: str | None = None) -> bool:
        """Whether a session was opened from that network, and by a device that said so of itself if that is given."""

    def end(self, session_id: int, at: Timestamp) -> bool:
        """End the session; False if it had ended already, or there is none."""

    def end_all(self, user_id: int, at: Timestamp, *, but: int | None = None) -> int:
        """End every session of the user, or all but one; return how many there were to end."""

    def erase(self, user_id: int, at: Timestamp) -> None:
        """End every session of the user and forget where they came from, with their refresh tokens."""

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Session]:
        """The user's sessions, ended or not, by id, from the first one after the id `after` on."""

    def add_token(self, token: RefreshToken) -> None: ...

    def token(self, jti_hash: str) -> RefreshToken | None: ...

    def claim_token(self, jti_hash: str, at: Timestamp) -> bool:
        """Mark the token as used; of any number of callers at once exactly one is told True."""

    def drop_tokens(self, session_id: int) -> None:
        """Forget the session's refresh tokens."""

    def sweep_tokens(self, at: Timestamp, limit: int) -> int:
        """Forget up to `limit` refresh tokens that had expired at `at`; return how many."""

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Forget sessions that ended, or expired unended, at `before` or earlier, with whatever tokens they have left.

        Takes up to `limit` sessions and as many tokens; returns how many there were of both, 0 when none is left.
        """


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
        """Like `page_of`, of the public rooms that the user could join, as cards: neither in them nor banned."""

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[JoinedRoom]:
        """The rooms that the user is in, by id, from the first one after the id `after` on."""

    def groups(self, limit: int, *, before: int | None = None) -> Sequence[Room]:
        """The group rooms that were made last, the newest first; those with an id below `before`."""

    def update(self, room: Room) -> None:
        """Keep the name, description and privacy of `room`."""

    def remove(self, room_id: int, at: Timestamp) -> None:
        """Remove the room with all that is in it, in constant time."""

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Delete what is still stored of the rooms removed at `before` or earlier.

        Up to `limit` messages, participants, bans and rooms; returns how many there were, 0 when nothing is left.
        """


class Memberships(Protocol):
    def add(self, room_id: int, user_id: int, role: Role, joined_seq: int) -> Membership | None:
        """Add a participant and count it; None if the user is one already."""

    def remove(self, membership: Membership) -> None:
        """Remove a participant and count it out."""

    def set_role(self, membership: Membership, role: Role) -> None: ...

    def heir(self, room_id: int, without: int) -> Membership | None:
        """Who comes first but for `without`: the owner, else the moderator, else the member, who joined first."""

    def erased_in(self, room_id: int) -> Collection[int]:
        """The participants whose accounts are erased: asked of direct chats, as only these are never left."""

    def page(self, room_id: int, window: Window) -> Sequence[Membership]:
        """The room's participants by joining, one more than the limit if there are more. Key: `(id,)`."""

    def see(self, room_id: int, user_id: int, seq: int) -> bool:
        """Move the user's receipt forward to `seq`; False if it was there already."""

    def receipts(self, user_id: int, room_ids: Iterable[int]) -> Mapping[int, Receipts]:
        """By room id, for those of the rooms that the user is in."""


class Bans(Protocol):
    """Who is kept out of which room."""

    def add(self, room_id: int, user_id: int, by: int, at: Timestamp) -> bool:
        """Keep the user out from now on; False if they are kept out already, and that ban stays as it is."""

    def lift(self, room_id: int, user_id: int) -> bool:
        """Keep the user out no more; False if they were not."""

    def holds(self, room_id: int, user_id: int) -> bool:
        """Whether the user is kept out."""

    def page(self, room_id: int, window: Window) -> Sequence[Ban]:
        """The room's bans, the newest first, one more than the limit if there are more. Key: `(id,)`."""

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Ban]:
        """Where the user is kept out, by id, from the first ban after the id `after` on."""

    def erase(self, user_id: int) -> None:
        """Forget where the user is kept out, and that it was they who kept others out."""


class Messages(Protocol):
    def append(self, new: NewMessage) -> Message | None:
        """Add the room's next message and mark the room as active; None, and no `seq` spent, if the user has used
        this `client_id` in this room.
        """

    def get(self, message_id: int) -> Message | None: ...

    def by_client_id(self, room_id: int, user_id: int, client_id: str) -> Message | None: ...

    def update(self, message: Message, first_digest: str | None) -> None:
        """Keep the content, `edited_at` and `is_deleted` of `message`, and the digest unless one is kept already."""

    def first_digest(self, message_id: int) -> str | None:
        """The digest that the first `update` of the message has kept."""

    def forget_digests(self, user_id: int) -> None:
        """Forget the digests of all that the user wrote."""

    def before(self, room_id: int, seq: int | None, limit: int) -> Sequence[Message]:
        """The newest `limit` messages of the room with a smaller `seq` (or of all), oldest first."""

    def after(self, room_id: int, seq: int, limit: int) -> Sequence[Message]:
        """The oldest `limit` messages of the room with a larger `seq`, oldest first."""

    def latest_before(self, user_id: int, message_id: int | None, limit: int) -> Sequence[Message]:
        """Like `before`, over all rooms of the user and by message id."""

    def latest_after(self, user_id: int, message_id: int, limit: int) -> Sequence[Message]:
        """Like `after`, over all rooms of the user and by message id."""

    def all_by(self, user_id: int, after: int, limit: int) -> Sequence[Message]:
        """What the user wrote, wherever, by id, from the first message after the id `after` on."""


class Attempts(Protocol):
    """Counts by key what is done too often: see `domain.throttling`."""

    def tally(self, key: str) -> Tally | None: ...

    def count(self, key: str, at: Timestamp, window: int) -> Tally:
        """Count one more and return the new tally; the count begins anew `window` milliseconds after its first.

        Of callers at once each gets a count of its own.
        """

    def forget(self, key: str) -> None: ...

    def sweep(self, at: Timestamp, limit: int) -> int:
        """Forget up to `limit` tallies whose window was over at `at`; return how many these were."""


class Audit(Protocol):
    """The audit log: it is written at its end and read, and its beginning can be dropped when it is old."""

    def record(self, entry: AuditEntry) -> None:
        """Append an entry, in the transaction of what it tells."""

    def page(
        self, limit: int, *, before: int | None = None, user_id: int | None = None, event: AuditEvent | None = None
    ) -> Sequence[AuditEntry]:
        """The newest entries, the newest first; those older than the entry `before`, those about one user or event."""

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Drop the beginning of the log, up to `limit` entries and to the first after `before`; return how many."""


class Changes(Protocol):
    def record(self, change: Change) -> None:
        """Append to the change log, in the transaction of what it tells."""

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Drop the beginning of the log, up to `limit` changes and to the first after `before`; return how many.

        It may become empty: no place in the log is given twice.
        """


class Ports(NamedTuple):
    """Everything that the services are made of: `services.build` takes one of these."""

    transaction: Transaction
    snapshot: Snapshot
    clock: Clock
    username_key: UsernameKey
    mixes_scripts: MixesScripts
    is_common_password: CommonPasswords
    email_address: EmailAddress
    passwords: Passwords
    users: Users
    sessions: Sessions
    rooms: Rooms
    memberships: Memberships
    bans: Bans
    messages: Messages
    changes: Changes
    attempts: Attempts
    audit: Audit
    pictures: Pictures
    media: Media
