"""Secret keys: check their strength, and generate one beside an embedded database."""

import re
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from minichat.atomic_files import write_file
from minichat.config.environment import PREFIX, SettingsError, ValidationError

SECRET_BYTES = 32

_PUBLISHED = frozenset(
    {
        "a-string-secret-at-least-256-bits-long",  # jwt.io
        "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",  # Flask
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",  # FastAPI
    }
)
"""Keys that documentation shows as examples."""
_PLACEHOLDER = re.compile(
    r"change.?(me|this|it)|replace.?(me|this)|(your|super|very|my|the|jwt|app).?(long|own|secret|256.?bit)|secret.?key|"
    r"256.?bit.?(secret|key)|django.?insecure|not.?(a|so|very).?secret|password|testing|example|placeholder|insecure|"
    r"development|production|please|goes.?here|12345678"
)
"""Phrases in keys that people invent."""


def strong_secret(text: str) -> str:
    """Return the key if it is long enough and hard to guess. Raises ValidationError, which never repeats it."""
    if not text.isprintable():
        raise ValidationError("must be text without control characters.")
    size = len(text.encode())
    if size < SECRET_BYTES:
        raise ValidationError(f"must hold at least {SECRET_BYTES} bytes; it holds {size}.")
    if text in _PUBLISHED or _is_repetitive(text) or _is_made_up(text):
        raise ValidationError("is published or easy to guess. Generate one with `openssl rand -hex 32`.")
    return text


def _is_repetitive(text: str) -> bool:
    # The length of the shortest piece that yields the text by repetition. A random key may begin and end alike by
    # chance, so a piece counts only if the text holds it at least twice.
    period = next(length for length in range(1, len(text) + 1) if text.startswith(text[length:]))
    return len(set(text)) < 5 or (period < SECRET_BYTES and period <= len(text) // 2)


def _is_made_up(text: str) -> bool:
    rest, phrases = _PLACEHOLDER.subn("", text.lower())
    return phrases > 0 and len(re.findall(r"\w", rest)) < SECRET_BYTES * 3 // 4


def stored_secret(path: Path) -> str:
    """Return the key in the file `path`; generate it first if there is none. Concurrent processes get the same key."""
    try:
        if not path.exists():
            _generate(path)
        elif not path.is_file():  # reading a pipe would wait for ever
            raise SettingsError(f"{path} is not a file, and minichat keeps its secret key there.")
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(
            f"{PREFIX}SECRET_KEY is not set, and the generated key in {path} can't be written or read: {reason}."
        ) from error
    if mode & 0o077:
        raise SettingsError(f"{path} holds the secret key, and other users can read it. Run `chmod 600 {path}`.")
    try:
        return strong_secret(text)
    except ValidationError as error:
        raise SettingsError(
            f"The secret key in {path} {error.args[0]} If you delete the file, minichat generates a new one and all"
            " users must log in again."
        ) from error


def _generate(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with suppress(FileExistsError):  # another process was faster, and its key is valid
        write_file(path, f"{secrets.token_urlsafe(48)}\n".encode(), draft=draft, is_exclusive=True)
