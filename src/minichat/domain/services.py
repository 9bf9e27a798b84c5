"""All services of the domain, wired to one set of ports.

A test builds them on the memory adapters, the application on the database:

    services = build(ports, Lifetimes(), chain_key=b"...")
"""

from typing import NamedTuple

from minichat.domain.directory import Directory
from minichat.domain.messaging import Messaging
from minichat.domain.ports import Ports
from minichat.domain.registration import Registration
from minichat.domain.rooms import Rooms
from minichat.domain.sessions import Lifetimes, Sessions


class Services(NamedTuple):
    registration: Registration
    sessions: Sessions
    directory: Directory
    rooms: Rooms
    messaging: Messaging


def build(ports: Ports, lifetimes: Lifetimes, chain_key: bytes) -> Services:
    """Wire the services to `ports`. `chain_key` is the secret from which refresh tokens' successors derive."""
    p = ports
    sessions = Sessions(
        p.transaction,
        p.clock,
        p.username_key,
        p.is_common_password,
        p.passwords,
        p.users,
        p.sessions,
        lifetimes,
        chain_key,
    )
    rooms = Rooms(p.transaction, p.clock, p.users, p.rooms, p.memberships, p.changes)
    return Services(
        registration=Registration(
            p.transaction,
            p.clock,
            p.username_key,
            p.mixes_scripts,
            p.is_common_password,
            p.passwords,
            p.users,
            sessions,
        ),
        sessions=sessions,
        directory=Directory(p.transaction, p.clock, p.users),
        rooms=rooms,
        messaging=Messaging(
            p.transaction, p.snapshot, p.clock, p.users, p.rooms, p.memberships, p.messages, p.changes, rooms
        ),
    )
