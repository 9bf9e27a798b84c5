"""Every port of the system, as protocols: the needs of the rules, the live updates and the API.

A port and its adapters share a file name: `ports/rooms.py`, `adapters/memory/rooms.py`,
`adapters/peewee/stores/rooms.py`. All adapters of a port pass the same contract tests. Call a method that writes inside
a transaction (see `Transaction`), and a method that reads anywhere. A look-up without a result returns None, unless its
docstring states otherwise. Every adapter raises `Unavailable`, and changes nothing, if its system does not answer.
"""

from typing import NamedTuple

from minichat.domain.model import Device
from minichat.domain.ports.administration_sessions import AdministrationSessionStore
from minichat.domain.ports.attempts import AttemptStore
from minichat.domain.ports.audit import AuditStore
from minichat.domain.ports.bans import BanStore
from minichat.domain.ports.blocks import BlockStore
from minichat.domain.ports.changes import ChangeStore
from minichat.domain.ports.characters import Characters
from minichat.domain.ports.ciphers import SecretCipher
from minichat.domain.ports.clients import ClientWatch, ClientWatcher, OwnConnection
from minichat.domain.ports.clock import Clock
from minichat.domain.ports.counters import RequestCounter
from minichat.domain.ports.devices import CurrentDevice
from minichat.domain.ports.emails import EmailAddress
from minichat.domain.ports.figures import FigureStore, Tally
from minichat.domain.ports.hints import ChangeHints
from minichat.domain.ports.invitations import InvitationStore
from minichat.domain.ports.links import LinkStore
from minichat.domain.ports.mails import Mailer, MailRefusedError, MailStore
from minichat.domain.ports.media import MediaStore
from minichat.domain.ports.memberships import MembershipStore
from minichat.domain.ports.mentions import MentionStore
from minichat.domain.ports.message_index import MessageIndex
from minichat.domain.ports.messages import MessageStore
from minichat.domain.ports.metrics import HintMonitor
from minichat.domain.ports.notices import NoticeBoard
from minichat.domain.ports.one_time_codes import OneTimeCodes
from minichat.domain.ports.passwords import CommonPasswords, PasswordHasher
from minichat.domain.ports.people import PeopleStore
from minichat.domain.ports.pictures import PictureProcessor
from minichat.domain.ports.reactions import ReactionStore
from minichat.domain.ports.reports import ReportStore
from minichat.domain.ports.room_openings import RoomOpeningStore
from minichat.domain.ports.rooms import RoomStore
from minichat.domain.ports.second_factors import SecondFactorStore
from minichat.domain.ports.sessions import SessionStore
from minichat.domain.ports.slots import StreamSlots
from minichat.domain.ports.tickets import TicketStore
from minichat.domain.ports.transactions import Snapshot, Transaction
from minichat.domain.ports.usernames import MixesScripts, UsernameKey
from minichat.domain.ports.users import UserStore
from minichat.domain.ports.workers import Worker

__all__ = [
    "AdministrationSessionStore",
    "AttemptStore",
    "AuditStore",
    "BanStore",
    "BlockStore",
    "ChangeHints",
    "ChangeStore",
    "Characters",
    "ClientWatch",
    "ClientWatcher",
    "Clock",
    "CommonPasswords",
    "CurrentDevice",
    "EmailAddress",
    "FigureStore",
    "HintMonitor",
    "InvitationStore",
    "LinkStore",
    "MailRefusedError",
    "MailStore",
    "Mailer",
    "MediaStore",
    "MembershipStore",
    "MentionStore",
    "MessageIndex",
    "MessageStore",
    "MixesScripts",
    "NoticeBoard",
    "OneTimeCodes",
    "OwnConnection",
    "PasswordHasher",
    "PeopleStore",
    "PictureProcessor",
    "Ports",
    "ReactionStore",
    "ReportStore",
    "RequestCounter",
    "RoomOpeningStore",
    "RoomStore",
    "SecondFactorStore",
    "SecretCipher",
    "SessionStore",
    "Snapshot",
    "StreamSlots",
    "Tally",
    "TicketStore",
    "Transaction",
    "UserStore",
    "UsernameKey",
    "Worker",
]


class Ports(NamedTuple):
    """One adapter for each port of the services: the argument of `services.build`."""

    transaction: Transaction
    snapshot: Snapshot
    clock: Clock
    characters: Characters
    username_key: UsernameKey
    mixes_scripts: MixesScripts
    is_common_password: CommonPasswords
    email_address: EmailAddress
    password_hasher: PasswordHasher
    one_time_codes: OneTimeCodes
    secret_cipher: SecretCipher
    user_store: UserStore
    people_store: PeopleStore
    session_store: SessionStore
    administration_session_store: AdministrationSessionStore
    second_factor_store: SecondFactorStore
    ticket_store: TicketStore
    link_store: LinkStore
    mail_store: MailStore
    room_store: RoomStore
    membership_store: MembershipStore
    ban_store: BanStore
    invitation_store: InvitationStore
    block_store: BlockStore
    report_store: ReportStore
    room_opening_store: RoomOpeningStore
    message_store: MessageStore
    reaction_store: ReactionStore
    mention_store: MentionStore
    message_index: MessageIndex
    change_store: ChangeStore
    attempt_store: AttemptStore
    figure_store: FigureStore
    tally: Tally
    audit_store: AuditStore
    picture_processor: PictureProcessor
    media_store: MediaStore
    notice_board: NoticeBoard
    mailer: Mailer | None
    """None if no mail server is configured."""
    current_device: CurrentDevice = Device
