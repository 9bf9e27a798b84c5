"""All ports in memory, on the standard library alone: a chat for unit tests, gone with the process.

A test holds the one object:

    memory = Memory()
    services = build(memory.ports, Lifetimes(), chain_keys=[b"..."])
    memory.clock.advance(seconds=30)
    memory.changes.log
"""

from minichat.adapters.memory.attempts import MemoryAttempts
from minichat.adapters.memory.audit import MemoryAudit
from minichat.adapters.memory.bans import MemoryBans
from minichat.adapters.memory.changes import MemoryChanges
from minichat.adapters.memory.media import MemoryMedia
from minichat.adapters.memory.memberships import MemoryMemberships
from minichat.adapters.memory.messages import MemoryMessages
from minichat.adapters.memory.notices import MemoryNotices
from minichat.adapters.memory.rooms import MemoryRooms
from minichat.adapters.memory.sessions import MemorySessions
from minichat.adapters.memory.stand_ins import (
    MemoryClock,
    PlainPasswords,
    PlainPictures,
    email_address,
    is_common_password,
    mixes_scripts,
    username_key,
)
from minichat.adapters.memory.store import Store
from minichat.adapters.memory.tickets import MemoryTickets
from minichat.adapters.memory.users import MemoryUsers
from minichat.domain.ports import Ports

__all__ = [
    "Memory",
    "MemoryAttempts",
    "MemoryAudit",
    "MemoryBans",
    "MemoryChanges",
    "MemoryClock",
    "MemoryMedia",
    "MemoryMemberships",
    "MemoryMessages",
    "MemoryNotices",
    "MemoryRooms",
    "MemorySessions",
    "MemoryTickets",
    "MemoryUsers",
    "PlainPasswords",
    "PlainPictures",
    "email_address",
    "is_common_password",
    "mixes_scripts",
    "username_key",
]


class Memory:
    """One empty store with all its ports, and what a test holds of it: the tables, the clock and the change log."""

    def __init__(self) -> None:
        self.store = store = Store()
        self.clock = MemoryClock()
        self.changes = MemoryChanges(store)
        self.ports = Ports(
            transaction=store.transaction,
            snapshot=store.snapshot,
            clock=self.clock,
            username_key=username_key,
            mixes_scripts=mixes_scripts,
            is_common_password=is_common_password,
            email_address=email_address,
            passwords=PlainPasswords(),
            users=MemoryUsers(store),
            sessions=MemorySessions(store),
            tickets=MemoryTickets(store),
            rooms=MemoryRooms(store),
            memberships=MemoryMemberships(store),
            bans=MemoryBans(store),
            messages=MemoryMessages(store),
            changes=self.changes,
            attempts=MemoryAttempts(store),
            audit=MemoryAudit(store),
            pictures=PlainPictures(),
            media=MemoryMedia(self.clock),
            notices=MemoryNotices(),
        )
