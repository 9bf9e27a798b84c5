"""All services of the domain, wired to one set of ports.

A test builds them on the memory adapters, the application on the database:

    services = build(ports, Lifetimes(), chain_keys=[b"..."])
"""

from collections.abc import Sequence
from typing import NamedTuple

from minichat.domain.administration import Administration
from minichat.domain.audit import AuditLog
from minichat.domain.avatars import Avatars
from minichat.domain.changes import ChangeLog
from minichat.domain.directory import Directory
from minichat.domain.erasure import Erasure
from minichat.domain.export import Export
from minichat.domain.messaging import Messaging
from minichat.domain.moderation import Moderation
from minichat.domain.ports import Ports
from minichat.domain.presence import Presence
from minichat.domain.registration import Registration
from minichat.domain.retention import Retention
from minichat.domain.rooms import Rooms
from minichat.domain.sessions import Lifetimes, Sessions
from minichat.domain.throttling import Throttling
from minichat.domain.tickets import Tickets


class Services(NamedTuple):
    registration: Registration
    sessions: Sessions
    directory: Directory
    avatars: Avatars
    rooms: Rooms
    moderation: Moderation
    messaging: Messaging
    change_log: ChangeLog
    tickets: Tickets
    presence: Presence
    erasure: Erasure
    export: Export
    throttling: Throttling
    audit: AuditLog
    administration: Administration
    retention: Retention


def build(ports: Ports, lifetimes: Lifetimes, chain_keys: Sequence[bytes], *, is_throttled: bool = True) -> Services:
    """Wire the services to `ports`.

    `chain_keys` are the secrets from which refresh tokens' successors derive: the current one, then those that did.
    """
    p = ports
    audit = AuditLog(p.clock, p.audit)
    throttling = Throttling(p.transaction, p.clock, p.attempts, p.sessions, is_throttled)
    sessions = Sessions(
        p.transaction,
        p.clock,
        p.username_key,
        p.is_common_password,
        p.passwords,
        p.users,
        p.sessions,
        throttling,
        audit,
        lifetimes,
        tuple(chain_keys),
    )
    directory = Directory(p.transaction, p.clock, p.email_address, p.users, p.media)
    rooms = Rooms(p.transaction, p.clock, p.users, p.rooms, p.memberships, p.bans, p.changes, audit)
    return Services(
        registration=Registration(
            p.transaction,
            p.clock,
            p.username_key,
            p.mixes_scripts,
            p.is_common_password,
            p.email_address,
            p.passwords,
            p.users,
            sessions,
            throttling,
            audit,
        ),
        sessions=sessions,
        directory=directory,
        avatars=Avatars(p.transaction, p.users, p.pictures, p.media),
        rooms=rooms,
        moderation=Moderation(p.transaction, p.clock, p.users, p.rooms, p.bans, rooms, audit),
        messaging=Messaging(
            p.transaction, p.snapshot, p.clock, p.users, p.rooms, p.memberships, p.messages, p.changes, rooms
        ),
        change_log=ChangeLog(p.snapshot, p.users, p.rooms, p.memberships, p.messages, p.changes),
        tickets=Tickets(p.transaction, p.clock, p.sessions, p.tickets),
        presence=Presence(p.transaction, p.clock, p.users, p.memberships, p.notices, rooms),
        erasure=Erasure(
            p.transaction, p.clock, p.users, p.sessions, p.bans, p.messages, p.media, sessions, rooms, audit
        ),
        export=Export(p.transaction, p.clock, p.users, p.sessions, p.rooms, p.bans, p.messages, audit),
        throttling=throttling,
        audit=audit,
        administration=Administration(
            p.transaction, p.clock, p.username_key, p.is_common_password, p.passwords, p.users, p.sessions, audit
        ),
        retention=Retention(
            p.transaction, p.clock, p.users, p.sessions, p.tickets, p.rooms, p.changes, p.attempts, p.audit, p.media
        ),
    )
