"""The repository ports on Peewee: on SQLite and on PostgreSQL.

`tables` names the columns, `statements` compiles queries once, `sqlite` and `postgres` keep connections and
transactions, and one module a port holds the queries. No rule of the chat is decided here.
"""

from minichat.adapters.peewee.engine.database import ChatDatabase, open_database
from minichat.adapters.peewee.stores.attempts import PeeweeAttempts
from minichat.adapters.peewee.stores.audit import PeeweeAudit
from minichat.adapters.peewee.stores.bans import PeeweeBans
from minichat.adapters.peewee.stores.changes import changes_of
from minichat.adapters.peewee.stores.memberships import PeeweeMemberships
from minichat.adapters.peewee.stores.messages import PeeweeMessages
from minichat.adapters.peewee.stores.rooms import PeeweeRooms
from minichat.adapters.peewee.stores.sessions import PeeweeSessions
from minichat.adapters.peewee.stores.tickets import PeeweeTickets
from minichat.adapters.peewee.stores.users import PeeweeUsers
from minichat.domain.ports import (
    Clock,
    CommonPasswords,
    EmailAddress,
    Media,
    MixesScripts,
    Notices,
    Passwords,
    Pictures,
    Ports,
    UsernameKey,
)

__all__ = ["ChatDatabase", "open_database", "peewee_ports"]


def peewee_ports(
    database: ChatDatabase,
    *,
    clock: Clock,
    passwords: Passwords,
    username_key: UsernameKey,
    mixes_scripts: MixesScripts,
    is_common_password: CommonPasswords,
    email_address: EmailAddress,
    pictures: Pictures,
    media: Media,
    notices: Notices,
) -> Ports:
    """Return all ports, those of the data on `database`."""
    return Ports(
        transaction=database.writing,
        snapshot=database.reading,
        clock=clock,
        username_key=username_key,
        mixes_scripts=mixes_scripts,
        is_common_password=is_common_password,
        email_address=email_address,
        passwords=passwords,
        users=PeeweeUsers(database),
        sessions=PeeweeSessions(database),
        tickets=PeeweeTickets(database),
        rooms=PeeweeRooms(database),
        memberships=PeeweeMemberships(database),
        bans=PeeweeBans(database),
        messages=PeeweeMessages(database),
        changes=changes_of(database),
        attempts=PeeweeAttempts(database),
        audit=PeeweeAudit(database),
        pictures=pictures,
        media=media,
        notices=notices,
    )
