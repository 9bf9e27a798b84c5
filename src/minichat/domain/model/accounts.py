"""Accounts, their sessions and the devices that a request comes from."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from minichat.domain.model.values import MINUTE, SECOND, Timestamp

MAX_USER_AGENT_LENGTH = 400
"""How much of what a client says of itself is kept, in code points."""

PRESENCE_LEASE = MINUTE
LAST_SEEN_RESOLUTION = 30 * SECOND


class User(NamedTuple):
    """An account, without its password hash (see `Credentials`) so that it can't leak with the rest."""

    id: int
    username: str
    username_key: str
    """The username as it is compared and sorted (RFC 8265, UsernameCaseMapped): one key, one account."""
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
    """When the account was erased: what is left of it bears the messages that stay."""

    @property
    def is_erased(self) -> bool:
        return self.deleted_at is not None

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def is_online(self, now: Timestamp) -> bool:
        """Whether the presence lease still runs: computed when read, so a crash leaves nobody online for ever."""
        return self.last_seen_at is not None and now - self.last_seen_at < PRESENCE_LEASE

    def is_due(self, now: Timestamp) -> bool:
        """Return whether the presence lease is due for renewal."""
        return self.last_seen_at is None or now - self.last_seen_at >= LAST_SEEN_RESOLUTION


People = Mapping[int, User]
"""The users that a page mentions, by id, so that each is fetched and presented once."""


class Credentials(NamedTuple):
    """What a log-in is checked against."""

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
    """One link of a session's chain. Only the hash of the token's `jti` is kept (RFC 9700, section 4.14)."""

    jti_hash: str
    session_id: int
    issued_at: Timestamp
    expires_at: Timestamp
    used_at: Timestamp | None = None


class Ticket(NamedTuple):
    """Lets a client that can't send a header open one stream. Only its hash is kept."""

    hash: str
    session_id: int
    access_expires_at: Timestamp
    """When the access token expires with which it was asked for: a stream lasts no longer than that would let it."""
    expires_at: Timestamp


class Caller(NamedTuple):
    """Who makes a request: the account and the session its access token belongs to."""

    user: User
    session: Session

    def is_live(self, now: Timestamp) -> bool:
        """Return whether the account may log in and the session has not ended."""
        return self.user.is_active and self.session.is_live(now)


class Device(NamedTuple):
    """Where a request comes from, as the owner of a session will see it in the list of sessions."""

    user_agent: str = ""
    ip: str = ""

    @property
    def kept(self) -> "Device":
        """As it is stored: with only the beginning of what the client says of itself."""
        return Device(self.user_agent[:MAX_USER_AGENT_LENGTH], self.ip)

    @property
    def network(self) -> str:
        """What counts as one address: IPv6 gives every customer a /64, so 2^64 addresses are one; IPv4's are each."""
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
