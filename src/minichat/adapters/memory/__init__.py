"""All ports in memory, on the standard library alone, for unit tests of the domain.

A test creates one object:

    memory = Memory()
    services = build(memory.ports, Lifetimes(), chain_keys=[b"..."])
    memory.clock.advance(seconds=30)
    memory.changes.log
"""

from minichat.adapters.memory.administration_sessions import MemoryAdministrationSessionStore
from minichat.adapters.memory.attempts import MemoryAttemptStore
from minichat.adapters.memory.audit import MemoryAuditStore
from minichat.adapters.memory.bans import MemoryBanStore
from minichat.adapters.memory.blocks import MemoryBlockStore
from minichat.adapters.memory.changes import MemoryChangeStore
from minichat.adapters.memory.figures import MemoryFigureStore, MemoryTally
from minichat.adapters.memory.invitations import MemoryInvitationStore
from minichat.adapters.memory.links import MemoryLinkStore
from minichat.adapters.memory.mails import MemoryMailer, MemoryMailStore
from minichat.adapters.memory.media import MemoryMediaStore
from minichat.adapters.memory.memberships import MemoryMembershipStore
from minichat.adapters.memory.mentions import MemoryMentionStore
from minichat.adapters.memory.message_index import MemoryMessageIndex
from minichat.adapters.memory.messages import MemoryMessageStore
from minichat.adapters.memory.notices import MemoryNoticeBoard
from minichat.adapters.memory.people import MemoryPeopleStore
from minichat.adapters.memory.reactions import MemoryReactionStore
from minichat.adapters.memory.reports import MemoryReportStore
from minichat.adapters.memory.room_openings import MemoryRoomOpeningStore
from minichat.adapters.memory.rooms import MemoryRoomStore
from minichat.adapters.memory.second_factors import MemorySecondFactorStore
from minichat.adapters.memory.sessions import MemorySessionStore
from minichat.adapters.memory.stand_ins import (
    MemoryClock,
    PlainCharacters,
    PlainCipher,
    PlainCodes,
    PlainPasswords,
    PlainPictures,
    email_address,
    is_common_password,
    mixes_scripts,
    username_key,
)
from minichat.adapters.memory.store import Store
from minichat.adapters.memory.tickets import MemoryTicketStore
from minichat.adapters.memory.users import MemoryUserStore
from minichat.domain.ports import Ports

__all__ = [
    "Memory",
    "MemoryAdministrationSessionStore",
    "MemoryAttemptStore",
    "MemoryAuditStore",
    "MemoryBanStore",
    "MemoryBlockStore",
    "MemoryChangeStore",
    "MemoryClock",
    "MemoryFigureStore",
    "MemoryInvitationStore",
    "MemoryLinkStore",
    "MemoryMailStore",
    "MemoryMailer",
    "MemoryMediaStore",
    "MemoryMembershipStore",
    "MemoryMentionStore",
    "MemoryMessageIndex",
    "MemoryMessageStore",
    "MemoryNoticeBoard",
    "MemoryPeopleStore",
    "MemoryReactionStore",
    "MemoryReportStore",
    "MemoryRoomOpeningStore",
    "MemoryRoomStore",
    "MemorySecondFactorStore",
    "MemorySessionStore",
    "MemoryTally",
    "MemoryTicketStore",
    "MemoryUserStore",
    "PlainCharacters",
    "PlainCipher",
    "PlainCodes",
    "PlainPasswords",
    "PlainPictures",
    "email_address",
    "is_common_password",
    "mixes_scripts",
    "username_key",
]


class Memory:
    """An empty store with all ports. It gives a test access to the tables, the clock and the change log."""

    def __init__(self, *, checks_locks: bool = True) -> None:
        """Make an empty store. Without `checks_locks`, a transaction may use rows that it has not locked."""
        self.store = store = Store(checks_locks=checks_locks)
        self.clock = MemoryClock()
        self.changes = MemoryChangeStore(store)
        user_store = MemoryUserStore(store, PlainCharacters())
        self.ports = Ports(
            transaction=store.transaction,
            snapshot=store.snapshot,
            clock=self.clock,
            characters=PlainCharacters(),
            username_key=username_key,
            mixes_scripts=mixes_scripts,
            is_common_password=is_common_password,
            email_address=email_address,
            password_hasher=PlainPasswords(),
            one_time_codes=PlainCodes(),
            secret_cipher=PlainCipher(),
            user_store=user_store,
            people_store=MemoryPeopleStore(store, user_store),
            session_store=MemorySessionStore(store),
            administration_session_store=MemoryAdministrationSessionStore(store),
            second_factor_store=MemorySecondFactorStore(store),
            ticket_store=MemoryTicketStore(store),
            link_store=MemoryLinkStore(store),
            mail_store=MemoryMailStore(store),
            room_store=MemoryRoomStore(store, PlainCharacters()),
            membership_store=MemoryMembershipStore(store),
            ban_store=MemoryBanStore(store),
            invitation_store=MemoryInvitationStore(store),
            block_store=MemoryBlockStore(store),
            report_store=MemoryReportStore(store),
            room_opening_store=MemoryRoomOpeningStore(store),
            message_store=MemoryMessageStore(store, self.changes),
            reaction_store=MemoryReactionStore(store),
            mention_store=MemoryMentionStore(store),
            message_index=MemoryMessageIndex(store, PlainCharacters()),
            change_store=self.changes,
            attempt_store=MemoryAttemptStore(store),
            figure_store=MemoryFigureStore(store),
            tally=MemoryTally(),
            audit_store=MemoryAuditStore(store),
            picture_processor=PlainPictures(),
            media_store=MemoryMediaStore(self.clock),
            notice_board=MemoryNoticeBoard(),
            mailer=None,
        )
