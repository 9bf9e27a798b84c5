"""Checks of the database and its replica: the schema, the clock, live updates, and the second factors."""

import time
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from minichat.cli.checking.findings import Finding, note, ok, on_one_line, wrong
from minichat.config import Settings
from minichat.domain.errors import Unavailable

if TYPE_CHECKING:
    from minichat.adapters.peewee import ChatDatabase

MAX_SKEW_MS = 3_000
"""Maximum difference between the clocks of this host and the database."""
MAX_DELAY_MS = 10_000
"""Maximum delay of live updates. No transaction of minichat takes that long."""
EARLIEST_MS = 1_767_225_600_000
"""The beginning of 2026, in milliseconds since the Unix epoch: an earlier clock is wrong."""


def database(settings: Settings) -> Iterator[Finding]:
    """Check that the database answers, has this version's schema, is durable, and agrees with our clock."""
    from minichat.adapters.peewee import open_database

    if settings.is_embedded and not settings.database_path.is_file():
        yield wrong("database", f"There is no database {settings.database_path}. Create it with `minichat db upgrade`.")
        return
    chat = open_database(settings.database_url, read_only=True)
    try:
        yield from _of_database(chat, settings)
    except (Unavailable, ValueError) as error:
        yield wrong("database", f"{settings.database_name} can't be used: {on_one_line(error)}")
    finally:
        chat.close_connections()
    if settings.replica_url is not None:
        yield from _of_replica(settings.replica_url)


def _of_database(chat: "ChatDatabase", settings: Settings) -> Iterator[Finding]:
    from minichat.adapters.peewee.operations.inspection import facts_of, newest_change

    facts = facts_of(chat)
    yield ok("database", f"{settings.database_name} answers; it is {facts.product}.")
    for sentence in facts.weaknesses:
        yield wrong("database", f"The setting {sentence}")
    if facts.is_behind_pooler:
        yield note("database", "A connection pooler is in front of it, so minichat prepares no statements.")
    is_complete = yield from _migrations(chat)
    now = round(time.time() * 1000)
    yield from clock(now, facts.clock, newest_change(chat) if is_complete else None)
    if is_complete:
        yield from _live_updates(chat, now)
        yield from _second_factors(chat, settings)


def _second_factors(chat: "ChatDatabase", settings: Settings) -> Iterator[Finding]:
    from minichat.adapters.ciphers import FernetCipher
    from minichat.adapters.peewee.stores.second_factors import PeeweeSecondFactorStore
    from minichat.wiring import second_factor_keys

    cipher = FernetCipher(second_factor_keys(settings))
    unreadable = sum(cipher.decrypt(factor.secret) is None for factor in PeeweeSecondFactorStore(chat).all())
    if unreadable:
        yield wrong(
            "administrators",
            f"The secret key can't decrypt the second factors of {unreadable} administrators, who need their recovery "
            "codes or `minichat users totp-reset`. Set MINICHAT_SECRET_KEY_PREVIOUS to the key of before.",
        )
    elif settings.admin_totp == "required":
        yield ok("administrators", "Every administrator needs a second factor.")
    else:
        yield note(
            "administrators",
            "Administrators may sign in without a second factor. MINICHAT_ADMIN_TOTP=required requires one.",
        )


def _live_updates(chat: "ChatDatabase", now: int) -> Iterator[Finding]:
    from minichat.adapters.peewee.operations.inspection import held_up_since, is_of_another_server

    if is_of_another_server(chat):
        yield wrong(
            "live updates",
            "Clients get no live updates, because the database was restored. Run `minichat db restored`.",
        )
        return
    since = held_up_since(chat)
    if since is not None and now - since > MAX_DELAY_MS:
        yield wrong(
            "live updates",
            f"An open transaction has blocked them for {(now - since) / 1000:.0f} s. Look for it in pg_stat_activity"
            " and pg_prepared_xacts.",
        )


def _migrations(chat: "ChatDatabase") -> Generator[Finding, None, bool]:
    """Return whether the database has all migrations of this version."""
    from peewee import PeeweeException

    from minichat.adapters.peewee.operations import migrate

    try:
        missing = migrate.missing(chat)
    except migrate.SchemaTooNew as error:
        yield wrong("migrations", f"The database belongs to a newer version: {error}.")
        return False
    except PeeweeException as error:
        raise Unavailable(str(error)) from error
    if missing:
        yield wrong("migrations", f"The database lacks {', '.join(missing)}. Apply them with `minichat db upgrade`.")
    else:
        yield ok("migrations", "All migrations are applied.")
    return not missing


def clock(here: int, at_database: int | None, newest_change: int | None) -> Iterator[Finding]:
    """Compare the clock of this host with the database's, all in milliseconds since the Unix epoch."""
    skew = 0 if at_database is None else at_database - here
    if here < EARLIEST_MS:
        yield wrong("clock", "The clock of this host is years behind, so sessions do not expire.")
    elif abs(skew) > MAX_SKEW_MS:
        yield wrong(
            "clock", f"The clocks of this host and the database are {abs(skew) / 1000:.0f} s apart. Set both by NTP."
        )
    elif newest_change is not None and newest_change > here + MAX_SKEW_MS:
        ahead = (newest_change - here) / 1000
        yield wrong("clock", f"The newest change lies {ahead:.0f} s in the future. The clock is wrong, or was.")
    elif at_database is None:
        yield ok("clock", "The clock is not behind the newest change.")
    else:
        yield ok("clock", "The clocks of this host and the database agree.")


def _of_replica(url: str) -> Iterator[Finding]:
    from minichat.adapters.peewee.operations.inspection import is_replica

    try:
        if is_replica(url):
            yield ok("replica", "The replica answers and follows a primary.")
        else:
            yield wrong("replica", "MINICHAT_REPLICA_URL names a server that is not a replica.")
    except (Unavailable, ValueError) as error:
        yield wrong("replica", f"The replica can't be used, so the primary answers everything: {on_one_line(error)}")
