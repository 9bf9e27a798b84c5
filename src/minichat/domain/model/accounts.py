"""Accounts, sessions, and the devices that requests come from."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from minichat.domain.model.values import MINUTE, SECOND, Timestamp, is_within

MAX_USER_AGENT_LENGTH = 400
"""In code points. Longer user agents are cut."""

PRESENCE_LEASE = MINUTE
LAST_SEEN_RESOLUTION = 30 * SECOND


class User(NamedTuple):
    """An account, without its password hash (see `Credentials`) so that it can't leak with the rest."""

    id: int
    username: str
    username_key: str
    """The form that is compared and sorted (RFC 8265, UsernameCaseMapped). No two accounts have the same key."""
    first_name: str
    last_name: str
    email: str
    avatar_url: str
    """An https URL that the user gave, the path of an uploaded picture on this server, or "" for the placeholder."""
    is_active: bool
    is_superuser: bool
    joined_at: Timestamp
    last_seen_at: Timestamp | None
    deleted_at: Timestamp | None = None
    """When the account was erased. The rest of the row remains as the author of its messages."""
    email_verified_at: Timestamp | None = None
    """When the user proved to read the mail of `email`; None if not yet."""

    @property
    def is_erased(self) -> bool:
        return self.deleted_at is not None

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def is_online(self, now: Timestamp) -> bool:
        """Return whether the presence lease still runs. It expires by itself, so a crash leaves no user online."""
        return self.last_seen_at is not None and is_within(PRESENCE_LEASE, self.last_seen_at, now)

    def is_due(self, now: Timestamp) -> bool:
        """Return whether the presence lease is due for renewal."""
        return self.last_seen_at is None or not is_within(LAST_SEEN_RESOLUTION, self.last_seen_at, now)

    def last_seen(self, now: Timestamp) -> Timestamp | None:
        """Return when the user was last seen, at most `now`; None if never."""
        return None if self.last_seen_at is None else min(self.last_seen_at, now)


People = Mapping[int, User]
"""The users that a page mentions, by id. Each user is fetched and presented once."""


class NameQuery(NamedTuple):
    """A query for people, folded."""

    phrase: str
    """The whole query: a name that is equal or begins with it precedes the others."""
    words: tuple[str, ...]
    """The words to find, each in one of the names. The longest comes first, and none is a part of another."""
    typed: str
    """The query before the fold, for an index that an earlier version of minichat wrote."""


class Credentials(NamedTuple):
    """An account with the hash of its password."""

    user: User
    password_hash: str


class Session(NamedTuple):
    """One log-in on one device: the family of refresh tokens that descend from it, and their access tokens."""

    id: int
    user_id: int
    created_at: Timestamp
    last_used_at: Timestamp
    expires_at: Timestamp
    user_agent: str
    ip: str
    ended_at: Timestamp | None = None

    def is_live(self, now: Timestamp) -> bool:
        return self.ended_at is None and now < self.expires_at


class RefreshToken(NamedTuple):
    """One link of a session's chain. Only the hash of the token's `jti` is stored (RFC 9700, section 4.14)."""

    jti_hash: str
    session_id: int
    issued_at: Timestamp
    expires_at: Timestamp
    used_at: Timestamp | None = None


class Ticket(NamedTuple):
    """A ticket opens one stream for a client that can't send headers. Only its hash is stored."""

    hash: str
    session_id: int
    access_expires_at: Timestamp
    """The expiry of the access token that requested the ticket. The stream ends then."""
    expires_at: Timestamp


class Caller(NamedTuple):
    """The account and the session of a request, as its access token names them."""

    user: User
    session: Session

    def is_live(self, now: Timestamp) -> bool:
        """Return whether the account may log in and the session has not ended."""
        return self.user.is_active and self.session.is_live(now)


class Device(NamedTuple):
    """The origin of a request, as the list of sessions shows it."""

    user_agent: str = ""
    ip: str = ""

    @property
    def truncated(self) -> "Device":
        """The device with its user agent cut to the stored length."""
        return Device(self.user_agent[:MAX_USER_AGENT_LENGTH], self.ip)

    @property
    def network(self) -> str:
        """The unit that throttling counts: one IPv4 address, or a /64 of IPv6, because a customer has a whole /64."""
        try:
            address = ip_address(self.ip)
        except ValueError:
            return self.ip
        if address.version == 4:
            return str(address)
        mapped = address.ipv4_mapped
        return str(mapped or ip_network((address, 64), strict=False).network_address)


class NewUser(NamedTuple):
    username: str
    username_key: str
    password_hash: str
    first_name: str
    last_name: str
    email: str
    joined_at: Timestamp
    is_superuser: bool = False
