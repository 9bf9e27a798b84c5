"""The list of all store ports on Peewee. It loads every store, which opening or migrating a database does not need."""

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.stores.administration_sessions import PeeweeAdministrationSessionStore
from minichat.adapters.peewee.stores.attempts import PeeweeAttemptStore
from minichat.adapters.peewee.stores.audit import PeeweeAuditStore
from minichat.adapters.peewee.stores.bans import PeeweeBanStore
from minichat.adapters.peewee.stores.blocks import PeeweeBlockStore
from minichat.adapters.peewee.stores.changes import change_store
from minichat.adapters.peewee.stores.figures import PeeweeFigureStore
from minichat.adapters.peewee.stores.invitations import PeeweeInvitationStore
from minichat.adapters.peewee.stores.links import PeeweeLinkStore
from minichat.adapters.peewee.stores.mails import PeeweeMailStore
from minichat.adapters.peewee.stores.memberships import PeeweeMembershipStore
from minichat.adapters.peewee.stores.mentions import PeeweeMentionStore
from minichat.adapters.peewee.stores.message_index import message_index
from minichat.adapters.peewee.stores.messages import message_store
from minichat.adapters.peewee.stores.people import PeeweePeopleStore
from minichat.adapters.peewee.stores.reactions import PeeweeReactionStore
from minichat.adapters.peewee.stores.reports import PeeweeReportStore
from minichat.adapters.peewee.stores.room_openings import PeeweeRoomOpeningStore
from minichat.adapters.peewee.stores.rooms import PeeweeRoomStore
from minichat.adapters.peewee.stores.second_factors import PeeweeSecondFactorStore
from minichat.adapters.peewee.stores.sessions import PeeweeSessionStore
from minichat.adapters.peewee.stores.tickets import PeeweeTicketStore
from minichat.adapters.peewee.stores.users import PeeweeUserStore
from minichat.domain.ports import (
    Characters,
    Clock,
    CommonPasswords,
    EmailAddress,
    Mailer,
    MediaStore,
    MixesScripts,
    NoticeBoard,
    OneTimeCodes,
    PasswordHasher,
    PictureProcessor,
    Ports,
    SecretCipher,
    Tally,
    UsernameKey,
)


def peewee_ports(
    database: ChatDatabase,
    *,
    clock: Clock,
    password_hasher: PasswordHasher,
    one_time_codes: OneTimeCodes,
    secret_cipher: SecretCipher,
    characters: Characters,
    username_key: UsernameKey,
    mixes_scripts: MixesScripts,
    is_common_password: CommonPasswords,
    email_address: EmailAddress,
    picture_processor: PictureProcessor,
    media_store: MediaStore,
    notice_board: NoticeBoard,
    tally: Tally,
    mailer: Mailer | None = None,
) -> Ports:
    """Return all ports: the stores on `database`, and the other ports unchanged."""
    index, changes = message_index(database, characters), change_store(database)
    user_store = PeeweeUserStore(database, characters)
    return Ports(
        transaction=database.writing,
        snapshot=database.reading,
        clock=clock,
        characters=characters,
        username_key=username_key,
        mixes_scripts=mixes_scripts,
        is_common_password=is_common_password,
        email_address=email_address,
        password_hasher=password_hasher,
        one_time_codes=one_time_codes,
        secret_cipher=secret_cipher,
        user_store=user_store,
        people_store=PeeweePeopleStore(database, user_store),
        session_store=PeeweeSessionStore(database),
        administration_session_store=PeeweeAdministrationSessionStore(database),
        second_factor_store=PeeweeSecondFactorStore(database),
        ticket_store=PeeweeTicketStore(database),
        link_store=PeeweeLinkStore(database),
        mail_store=PeeweeMailStore(database),
        room_store=PeeweeRoomStore(database, characters, index),
        membership_store=PeeweeMembershipStore(database),
        ban_store=PeeweeBanStore(database),
        invitation_store=PeeweeInvitationStore(database),
        block_store=PeeweeBlockStore(database),
        report_store=PeeweeReportStore(database),
        room_opening_store=PeeweeRoomOpeningStore(database),
        reaction_store=PeeweeReactionStore(database),
        mention_store=PeeweeMentionStore(database),
        message_store=message_store(database, index, changes),
        message_index=index,
        change_store=changes,
        attempt_store=PeeweeAttemptStore(database),
        figure_store=PeeweeFigureStore(database),
        tally=tally,
        audit_store=PeeweeAuditStore(database),
        picture_processor=picture_processor,
        media_store=media_store,
        notice_board=notice_board,
        mailer=mailer,
    )
