"""What the rules need from outside, as protocols. `adapters` implements each twice: in memory and in a database.

Both implementations are held to the same contract tests. Methods that change something are called inside a
transaction (see `Transaction`); those that read may be called anywhere. Unless said otherwise, a miss is None.
Every adapter may raise `Unavailable` when what it stands on is away, and then has changed nothing.

`people` and `talk` are the stores, `means` is all else.
"""

from typing import NamedTuple

from minichat.domain.ports.means import (
    Clock,
    CommonPasswords,
    EmailAddress,
    Media,
    MixesScripts,
    Notices,
    Passwords,
    Pictures,
    Snapshot,
    Transaction,
    UsernameKey,
)
from minichat.domain.ports.people import (
    Attempts,
    Audit,
    NewUser,
    Sessions,
    Tickets,
    Users,
)
from minichat.domain.ports.talk import (
    Bans,
    Changes,
    Memberships,
    Messages,
    NewMessage,
    NewRoom,
    Rooms,
)

__all__ = [
    "Attempts",
    "Audit",
    "Bans",
    "Changes",
    "Clock",
    "CommonPasswords",
    "EmailAddress",
    "Media",
    "Memberships",
    "Messages",
    "MixesScripts",
    "NewMessage",
    "NewRoom",
    "NewUser",
    "Notices",
    "Passwords",
    "Pictures",
    "Ports",
    "Rooms",
    "Sessions",
    "Snapshot",
    "Tickets",
    "Transaction",
    "UsernameKey",
    "Users",
]


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
    tickets: Tickets
    rooms: Rooms
    memberships: Memberships
    bans: Bans
    messages: Messages
    changes: Changes
    attempts: Attempts
    audit: Audit
    pictures: Pictures
    media: Media
    notices: Notices
