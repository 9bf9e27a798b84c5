"""Wire the domain's services to the adapters that the settings name.

Commands use this without HTTP; `app` builds on it. This module knows nothing of Flask and holds no rules.
"""

import hashlib
import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from minichat.adapters import gevents
from minichat.adapters.characters import UnicodeCharacters
from minichat.adapters.ciphers import FernetCipher
from minichat.adapters.common_passwords import is_common_password
from minichat.adapters.emails import email_address
from minichat.adapters.media import FileMedia
from minichat.adapters.notices import SharedMemoryNoticeBoard
from minichat.adapters.one_time_codes import PyotpCodes
from minichat.adapters.passwords import Argon2Passwords
from minichat.adapters.peewee import ChatDatabase, open_database, server_clock
from minichat.adapters.peewee.ports import peewee_ports
from minichat.adapters.pictures import PillowPictures
from minichat.adapters.shared_files import OpenFile, TemporaryFolder, open_file
from minichat.adapters.tally import NoTally
from minichat.adapters.usernames import mixes_scripts, username_key
from minichat.config import Settings
from minichat.domain.model import Device, DirectoryMode, Modes, RegistrationMode
from minichat.domain.ports import Clock, CurrentDevice, Mailer, NoticeBoard, PasswordHasher, Tally, Transaction
from minichat.domain.ports.transactions import Locks
from minichat.domain.services import Services, build
from minichat.domain.sessions import Lifetimes

if TYPE_CHECKING:
    from minichat.adapters.smtp import SmtpMailer


def now() -> int:
    """Return the time, in milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


def clock_of(database: ChatDatabase) -> Clock:
    """Return the clock of the chat on that database."""
    return server_clock(database, now)


def build_services(settings: Settings) -> Services:
    """Return the domain's services on the database that the settings name."""
    return services_on(open_database(settings.database_url, settings.replica_url), settings)


def services_on(
    database: ChatDatabase,
    settings: Settings,
    *,
    clock: Clock | None = None,
    passwords: PasswordHasher | None = None,
    notices: NoticeBoard | None = None,
    tally: Tally | None = None,
    transaction: Transaction | None = None,
    mailer: Mailer | None = None,
    current_device: CurrentDevice = Device,
) -> Services:
    """Wire the services to a database.

    Tests pass a clock and a password hasher, `app` its notice board and the device of a request, and `minichat demo`
    its clock and `joined`.
    """
    offload = gevents.offload()
    passwords = passwords or Argon2Passwords(offload)
    clock = clock or clock_of(database)
    ports = peewee_ports(
        database,
        clock=clock,
        password_hasher=passwords,
        one_time_codes=PyotpCodes(),
        secret_cipher=FernetCipher(second_factor_keys(settings)),
        characters=UnicodeCharacters(),
        username_key=username_key,
        mixes_scripts=mixes_scripts,
        is_common_password=is_common_password,
        email_address=email_address,
        picture_processor=PillowPictures(offload),
        media_store=FileMedia(settings.pictures_dir),
        notice_board=notices or typing_board(settings),
        tally=tally or NoTally(),
        mailer=mailer or mailer_of(settings),
    )._replace(current_device=current_device)
    if transaction is not None:
        ports = ports._replace(transaction=transaction)
    lifetimes = Lifetimes(
        refresh_seconds=settings.refresh_ttl,
        session_seconds=settings.session_ttl,
        grace_seconds=settings.refresh_grace,
    )
    chain_keys = [derived_key(secret, "refresh chain") for secret in settings.secret_keys]
    return build(
        ports,
        lifetimes,
        chain_keys,
        is_throttled=settings.rate_limits,
        requires_second_factor=settings.admin_totp == "required",
        modes=Modes(RegistrationMode(settings.registration), DirectoryMode(settings.directory)),
    )


def second_factor_keys(settings: Settings) -> list[bytes]:
    """Return the keys that encrypt the secrets of second factors, the current one first."""
    return [derived_key(secret, "second factor") for secret in settings.secret_keys]


def mailer_of(settings: Settings) -> "SmtpMailer | None":
    """Return the mailer to the server that the settings name, or None."""
    if settings.smtp_url is None:
        return None
    from minichat.adapters.smtp import SmtpMailer, SmtpServer  # late: few chats need its 2 MB

    assert settings.mail_from is not None, "the settings are checked"
    assert settings.public_url is not None, "the settings are checked"
    return SmtpMailer(SmtpServer(*settings.smtp_url), sender=settings.mail_from, public_url=settings.public_url)


@contextmanager
def joined(*, patience_seconds: float | None = None, **_locks: Unpack[Locks]) -> Iterator[None]:  # noqa: ARG001
    """The port `Transaction` inside one that the caller has begun: the writes of all services are committed together.

    It locks nothing. The caller's transaction must have created every row that the services use.
    """
    yield


def typing_board(settings: Settings) -> SharedMemoryNoticeBoard:
    """Return the board of the workers of this server, in memory if `serving` has created a folder there."""
    if settings.shared_memory_dir is not None:
        return SharedMemoryNoticeBoard(settings.shared_memory_dir / "typing")
    return SharedMemoryNoticeBoard(*shared_file(settings, "typing"))


def shared_file(settings: Settings, name: str) -> tuple[Path, OpenFile]:
    """Return a file that the workers of this server share, and a function that opens it.

    It is beside the embedded database, if there is one.
    """
    if settings.is_embedded:
        return settings.database_path.with_name(f"{settings.database_path.name}-{name}"), open_file
    if settings.shared_memory_dir is not None:
        return settings.shared_memory_dir / name, open_file
    return Path(name), _temporary_folder(settings.database_name).open


@cache
def _temporary_folder(database_name: str) -> TemporaryFolder:
    """Return the folder of the processes of this user that serve one database."""
    return TemporaryFolder(hashlib.sha256(database_name.encode()).hexdigest()[:16])


def derived_key(secret: str, use: str) -> bytes:
    """Derive a separate key for each use, so that a signature for one use is invalid in another."""
    return hmac.new(secret.encode(), f"minichat {use}".encode(), hashlib.sha256).digest()
