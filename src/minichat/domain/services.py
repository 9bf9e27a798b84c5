"""All services of the domain, wired to one set of ports.

A test builds them on the memory adapters, the application on a database:

    services = build(ports, Lifetimes(), chain_keys=[b"..."])

This module knows no adapter and holds no rule.
"""

from collections.abc import Sequence
from typing import NamedTuple

from minichat.domain.administration import Administration
from minichat.domain.audit import AuditLog
from minichat.domain.avatars import Avatars
from minichat.domain.blocks import Blocks
from minichat.domain.changes import ChangeLog
from minichat.domain.details import DetailReader
from minichat.domain.directory import Directory
from minichat.domain.erasure import Erasure
from minichat.domain.export import Export
from minichat.domain.history import History
from minichat.domain.invitations import Invitations
from minichat.domain.mentions import Mentions
from minichat.domain.message_access import MessageAccess
from minichat.domain.message_search import MessageSearch
from minichat.domain.messaging import Messaging
from minichat.domain.moderation import Moderation
from minichat.domain.notifications import Notifications
from minichat.domain.participation import Participation
from minichat.domain.pins import Pins
from minichat.domain.ports import Ports
from minichat.domain.presence import Presence
from minichat.domain.reactions import Reactions
from minichat.domain.registration import Registration
from minichat.domain.reports import Reports
from minichat.domain.retention import Retention
from minichat.domain.room_access import RoomAccess
from minichat.domain.rooms import Rooms
from minichat.domain.sessions import Lifetimes, Sessions
from minichat.domain.throttling import Throttling
from minichat.domain.tickets import Tickets


class Services(NamedTuple):
    registration: Registration
    sessions: Sessions
    directory: Directory
    avatars: Avatars
    room_access: RoomAccess
    rooms: Rooms
    participation: Participation
    moderation: Moderation
    blocks: Blocks
    reports: Reports
    invitations: Invitations
    messaging: Messaging
    mentions: Mentions
    notifications: Notifications
    reactions: Reactions
    pins: Pins
    history: History
    message_search: MessageSearch
    change_log: ChangeLog
    tickets: Tickets
    presence: Presence
    erasure: Erasure
    export: Export
    throttling: Throttling
    audit_log: AuditLog
    administration: Administration
    retention: Retention


def build(ports: Ports, lifetimes: Lifetimes, chain_keys: Sequence[bytes], *, is_throttled: bool = True) -> Services:
    """Wire the services to `ports`.

    The successors of refresh tokens derive from `chain_keys`: the current secret first, then its predecessors.
    """
    audit_log = AuditLog(
        clock=ports.clock,
        audit_store=ports.audit_store,
    )
    throttling = Throttling(
        transaction=ports.transaction,
        clock=ports.clock,
        attempt_store=ports.attempt_store,
        session_store=ports.session_store,
        is_on=is_throttled,
    )
    sessions = Sessions(
        transaction=ports.transaction,
        clock=ports.clock,
        username_key=ports.username_key,
        is_common_password=ports.is_common_password,
        password_hasher=ports.password_hasher,
        user_store=ports.user_store,
        session_store=ports.session_store,
        throttling=throttling,
        audit_log=audit_log,
        lifetimes=lifetimes,
        chain_keys=tuple(chain_keys),
    )
    detail_reader = DetailReader(
        user_store=ports.user_store,
        reaction_store=ports.reaction_store,
        mention_store=ports.mention_store,
    )
    room_access = RoomAccess(
        room_store=ports.room_store,
        detail_reader=detail_reader,
    )
    blocks = Blocks(
        transaction=ports.transaction,
        clock=ports.clock,
        user_store=ports.user_store,
        room_store=ports.room_store,
        membership_store=ports.membership_store,
        block_store=ports.block_store,
        change_store=ports.change_store,
    )
    participation = Participation(
        transaction=ports.transaction,
        clock=ports.clock,
        user_store=ports.user_store,
        room_store=ports.room_store,
        membership_store=ports.membership_store,
        ban_store=ports.ban_store,
        message_store=ports.message_store,
        mention_store=ports.mention_store,
        change_store=ports.change_store,
        room_access=room_access,
        audit_log=audit_log,
    )
    invitations = Invitations(
        transaction=ports.transaction,
        clock=ports.clock,
        user_store=ports.user_store,
        room_store=ports.room_store,
        ban_store=ports.ban_store,
        invitation_store=ports.invitation_store,
        room_access=room_access,
        participation=participation,
        audit_log=audit_log,
    )
    message_access = MessageAccess(
        membership_store=ports.membership_store,
        message_store=ports.message_store,
        detail_reader=detail_reader,
        room_access=room_access,
    )
    mentions = Mentions(
        snapshot=ports.snapshot,
        username_key=ports.username_key,
        membership_store=ports.membership_store,
        mention_store=ports.mention_store,
        detail_reader=detail_reader,
    )
    reactions = Reactions(
        transaction=ports.transaction,
        snapshot=ports.snapshot,
        clock=ports.clock,
        characters=ports.characters,
        user_store=ports.user_store,
        message_store=ports.message_store,
        reaction_store=ports.reaction_store,
        change_store=ports.change_store,
        participation=participation,
        blocks=blocks,
        message_access=message_access,
    )
    return Services(
        registration=Registration(
            transaction=ports.transaction,
            clock=ports.clock,
            characters=ports.characters,
            username_key=ports.username_key,
            mixes_scripts=ports.mixes_scripts,
            is_common_password=ports.is_common_password,
            email_address=ports.email_address,
            password_hasher=ports.password_hasher,
            user_store=ports.user_store,
            sessions=sessions,
            invitations=invitations,
            throttling=throttling,
            audit_log=audit_log,
        ),
        sessions=sessions,
        directory=Directory(
            transaction=ports.transaction,
            clock=ports.clock,
            characters=ports.characters,
            email_address=ports.email_address,
            user_store=ports.user_store,
            media_store=ports.media_store,
        ),
        avatars=Avatars(
            transaction=ports.transaction,
            user_store=ports.user_store,
            picture_processor=ports.picture_processor,
            media_store=ports.media_store,
        ),
        room_access=room_access,
        rooms=Rooms(
            transaction=ports.transaction,
            clock=ports.clock,
            characters=ports.characters,
            user_store=ports.user_store,
            room_store=ports.room_store,
            membership_store=ports.membership_store,
            change_store=ports.change_store,
            detail_reader=detail_reader,
            room_access=room_access,
            participation=participation,
            blocks=blocks,
            audit_log=audit_log,
        ),
        participation=participation,
        moderation=Moderation(
            transaction=ports.transaction,
            clock=ports.clock,
            user_store=ports.user_store,
            room_store=ports.room_store,
            ban_store=ports.ban_store,
            room_access=room_access,
            participation=participation,
            blocks=blocks,
            audit_log=audit_log,
        ),
        blocks=blocks,
        reports=Reports(
            transaction=ports.transaction,
            clock=ports.clock,
            user_store=ports.user_store,
            report_store=ports.report_store,
            message_access=message_access,
            participation=participation,
            audit_log=audit_log,
        ),
        invitations=invitations,
        messaging=Messaging(
            transaction=ports.transaction,
            snapshot=ports.snapshot,
            clock=ports.clock,
            characters=ports.characters,
            user_store=ports.user_store,
            room_store=ports.room_store,
            membership_store=ports.membership_store,
            message_store=ports.message_store,
            reaction_store=ports.reaction_store,
            change_store=ports.change_store,
            detail_reader=detail_reader,
            room_access=room_access,
            message_access=message_access,
            participation=participation,
            blocks=blocks,
            mentions=mentions,
        ),
        mentions=mentions,
        notifications=Notifications(
            transaction=ports.transaction,
            clock=ports.clock,
            room_store=ports.room_store,
            membership_store=ports.membership_store,
            change_store=ports.change_store,
            room_access=room_access,
        ),
        reactions=reactions,
        pins=Pins(
            transaction=ports.transaction,
            snapshot=ports.snapshot,
            clock=ports.clock,
            membership_store=ports.membership_store,
            message_store=ports.message_store,
            change_store=ports.change_store,
            detail_reader=detail_reader,
            room_access=room_access,
            participation=participation,
            blocks=blocks,
            message_access=message_access,
        ),
        history=History(
            transaction=ports.transaction,
            snapshot=ports.snapshot,
            membership_store=ports.membership_store,
            message_store=ports.message_store,
            detail_reader=detail_reader,
            room_access=room_access,
            participation=participation,
        ),
        message_search=MessageSearch(
            snapshot=ports.snapshot,
            characters=ports.characters,
            detail_reader=detail_reader,
            room_store=ports.room_store,
            membership_store=ports.membership_store,
            message_index=ports.message_index,
            room_access=room_access,
        ),
        change_log=ChangeLog(
            snapshot=ports.snapshot,
            user_store=ports.user_store,
            room_store=ports.room_store,
            membership_store=ports.membership_store,
            message_store=ports.message_store,
            change_store=ports.change_store,
            block_store=ports.block_store,
            detail_reader=detail_reader,
        ),
        tickets=Tickets(
            transaction=ports.transaction,
            clock=ports.clock,
            session_store=ports.session_store,
            ticket_store=ports.ticket_store,
        ),
        presence=Presence(
            transaction=ports.transaction,
            clock=ports.clock,
            user_store=ports.user_store,
            membership_store=ports.membership_store,
            notice_board=ports.notice_board,
            room_access=room_access,
            blocks=blocks,
        ),
        erasure=Erasure(
            transaction=ports.transaction,
            clock=ports.clock,
            user_store=ports.user_store,
            session_store=ports.session_store,
            ban_store=ports.ban_store,
            invitation_store=ports.invitation_store,
            block_store=ports.block_store,
            report_store=ports.report_store,
            change_store=ports.change_store,
            message_store=ports.message_store,
            reaction_store=ports.reaction_store,
            mention_store=ports.mention_store,
            media_store=ports.media_store,
            reactions=reactions,
            sessions=sessions,
            participation=participation,
            audit_log=audit_log,
        ),
        export=Export(
            transaction=ports.transaction,
            clock=ports.clock,
            user_store=ports.user_store,
            session_store=ports.session_store,
            room_store=ports.room_store,
            ban_store=ports.ban_store,
            invitation_store=ports.invitation_store,
            block_store=ports.block_store,
            report_store=ports.report_store,
            message_store=ports.message_store,
            reaction_store=ports.reaction_store,
            mention_store=ports.mention_store,
            audit_log=audit_log,
        ),
        throttling=throttling,
        audit_log=audit_log,
        administration=Administration(
            transaction=ports.transaction,
            clock=ports.clock,
            username_key=ports.username_key,
            is_common_password=ports.is_common_password,
            password_hasher=ports.password_hasher,
            user_store=ports.user_store,
            session_store=ports.session_store,
            audit_log=audit_log,
        ),
        retention=Retention(
            transaction=ports.transaction,
            clock=ports.clock,
            user_store=ports.user_store,
            session_store=ports.session_store,
            ticket_store=ports.ticket_store,
            invitation_store=ports.invitation_store,
            room_store=ports.room_store,
            change_store=ports.change_store,
            report_store=ports.report_store,
            attempt_store=ports.attempt_store,
            audit_store=ports.audit_store,
            media_store=ports.media_store,
        ),
    )
