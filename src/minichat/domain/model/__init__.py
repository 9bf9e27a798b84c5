"""The entities of the chat: immutable records, with only the behaviour that follows from their own fields.

They are named tuples, because a page builds hundreds of them. `_replace` returns a changed copy. One module per
capability; import them from this package. Nothing here knows how a record is stored or shown.
"""

from minichat.domain.model.accounts import (
    LAST_SEEN_RESOLUTION,
    MAX_USER_AGENT_LENGTH,
    PRESENCE_LEASE,
    Caller,
    Credentials,
    Device,
    NameQuery,
    NewUser,
    People,
    RefreshToken,
    Session,
    Ticket,
    User,
)
from minichat.domain.model.audit import AuditEntry, AuditEvent
from minichat.domain.model.blocks import Block, BlockList
from minichat.domain.model.changes import (
    MOVES,
    NO_ROOM,
    PRIVATE,
    Change,
    ChangeKind,
    LogEnds,
    LoggedChange,
    LogPosition,
)
from minichat.domain.model.details import Details
from minichat.domain.model.invitations import (
    CreatedInvitation,
    Invitation,
    InvitationList,
    NewInvitation,
    OpenInvitation,
)
from minichat.domain.model.messages import Message, MessageQuery, NewMessage, Receipts, SoughtWord
from minichat.domain.model.presence import TypingNotice
from minichat.domain.model.reactions import SHOWN_USERS, Reaction, ReactionCount
from minichat.domain.model.rooms import (
    Ban,
    DirectParticipant,
    JoinedRoom,
    Membership,
    NewRoom,
    ReadableRoom,
    Role,
    Room,
    RoomKind,
)
from minichat.domain.model.throttling import AttemptCount
from minichat.domain.model.values import DAY, HOUR, MAX_ID, MINUTE, SECOND, Timestamp, is_within
from minichat.domain.model.views import (
    ROOM_HEAD,
    BanList,
    MessagePage,
    ParticipantList,
    RoomList,
    RoomView,
    SentMessage,
    ShownMessage,
    ShownParticipant,
    ShownRoom,
)

__all__ = [
    "DAY",
    "HOUR",
    "LAST_SEEN_RESOLUTION",
    "MAX_ID",
    "MAX_USER_AGENT_LENGTH",
    "MINUTE",
    "MOVES",
    "NO_ROOM",
    "PRESENCE_LEASE",
    "PRIVATE",
    "ROOM_HEAD",
    "SECOND",
    "SHOWN_USERS",
    "AttemptCount",
    "AuditEntry",
    "AuditEvent",
    "Ban",
    "BanList",
    "Block",
    "BlockList",
    "Caller",
    "Change",
    "ChangeKind",
    "CreatedInvitation",
    "Credentials",
    "Details",
    "Device",
    "DirectParticipant",
    "Invitation",
    "InvitationList",
    "JoinedRoom",
    "LogEnds",
    "LogPosition",
    "LoggedChange",
    "Membership",
    "Message",
    "MessagePage",
    "MessageQuery",
    "NameQuery",
    "NewInvitation",
    "NewMessage",
    "NewRoom",
    "NewUser",
    "OpenInvitation",
    "ParticipantList",
    "People",
    "Reaction",
    "ReactionCount",
    "ReadableRoom",
    "Receipts",
    "RefreshToken",
    "Role",
    "Room",
    "RoomKind",
    "RoomList",
    "RoomView",
    "SentMessage",
    "Session",
    "ShownMessage",
    "ShownParticipant",
    "ShownRoom",
    "SoughtWord",
    "Ticket",
    "Timestamp",
    "TypingNotice",
    "User",
    "is_within",
]
