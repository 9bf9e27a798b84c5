"""Fakes of the ports that are no stores: a clock that tests set, instant password hashes, simple name keys."""

import re
import unicodedata
import zlib
from collections.abc import Sequence

from minichat.domain.errors import InvalidInput
from minichat.domain.model import SECOND, Timestamp

SOME_MONDAY: Timestamp = 1_795_426_200_000
"""2026-11-23T09:30:00Z."""

_PICTURE = "[\u00a9\u00ae\u203c\u2049\u2190-\u21ff\u2300-\u2bff\u3030\u303d\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
_EMOJI = re.compile(rf"[\U0001f1e6-\U0001f1ff]{{1,2}}|[0-9#*]\u20e3|{_PICTURE}(?:\u200d{_PICTURE})*")
_IS_UNIT = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u9fff]")


class MemoryClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: Timestamp = SOME_MONDAY) -> None:
        self.now = now

    def __call__(self) -> Timestamp:
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the time forward (or back, by a negative number)."""
        self.now += round(seconds * SECOND)


class PlainPasswords:
    """Hashes without any protection and without delay: for tests only."""

    def __init__(self, scheme: str = "plain") -> None:
        self._scheme = scheme
        """`scheme` is the prefix of new hashes. `verify` accepts every prefix."""

    def hash(self, password: str) -> str:
        return f"{self._scheme}:{password}"

    def verify(self, password_hash: str | None, password: str) -> bool:
        _, colon, hashed = (password_hash or "").partition(":")
        return bool(colon) and hashed == password

    def needs_rehash(self, password_hash: str) -> bool:
        return password_hash.partition(":")[0] != self._scheme


class PlainCodes:
    """Codes that anybody can compute, and secrets in plain text: for tests only."""

    def __init__(self) -> None:
        self._made = 0

    def new_secret(self) -> str:
        self._made += 1
        return f"SECRET{self._made}"

    def code(self, secret: str, step: int) -> str:
        return f"{zlib.crc32(f'{secret} {step}'.encode()) % 1_000_000:06}"

    def uri(self, secret: str, account: str, issuer: str) -> str:
        return f"otpauth://totp/{issuer}:{account}?secret={secret}"


class PlainCipher:
    """Encrypts nothing: it only names the key."""

    def __init__(self, *keys: str) -> None:
        self._keys = keys or ("key",)

    def encrypt(self, text: str) -> str:
        return f"{self._keys[0]}:{text}"

    def decrypt(self, encrypted: str) -> str | None:
        key, _, text = encrypted.partition(":")
        return text if key in self._keys else None

    def is_current(self, encrypted: str) -> bool:
        return encrypted.startswith(f"{self._keys[0]}:")


class PlainPictures:
    """Accepts all data that begins like a PNG, and returns a text about it instead of a picture."""

    def square(self, data: bytes) -> bytes:
        if not data.startswith(b"\x89PNG\r\n\x1a\n"):
            raise InvalidInput.of("file", "not_a_picture")
        return b"a square of " + data


class PlainCharacters:
    """The properties of characters as far as the standard library knows them: its tables can be years old."""

    def is_blank(self, text: str) -> bool:
        return all(
            char.isspace()
            or unicodedata.category(char) in {"Cf", "Zs"}
            or ord(char) & 0xFFFE == 0xFFFE
            or "FILLER" in (name := unicodedata.name(char, ""))
            or "VARIATION SELECTOR" in name
            for char in text
        )

    def without_marks(self, text: str, scripts: Sequence[str]) -> str:
        names = tuple(script.upper() for script in scripts)
        kept, is_plain = [], False
        for char in text:
            if unicodedata.category(char)[0] != "M":
                is_plain = char.isalpha() and unicodedata.name(char, "").startswith(names)
            elif is_plain:
                continue
            kept.append(char)
        return "".join(kept)

    def without_variants(self, text: str) -> str:
        return re.sub("[\ufe00-\ufe0f]|(?<=[\u2190-\U0001faff])[\U0001f3fb-\U0001f3ff]", "", text)

    def words(self, text: str) -> Sequence[Sequence[str]]:
        words: list[list[str]] = []
        word: list[str] = []
        position = 0
        while position < len(text):
            char, emoji = text[position], _EMOJI.match(text, position)
            position = emoji.end() if emoji else position + 1
            category = unicodedata.category(char)
            if emoji or not (
                category[0] in "LN" or (category[0] == "M" and (word or not "\u0300" <= char <= "\u036f"))
            ):
                words += [word] if word else []
                words += [[emoji[0]]] if emoji else []
                word = []
            elif word and not _IS_UNIT.match(char) and not _IS_UNIT.match(word[-1]):
                word[-1] += char
            else:
                word.append(char)
        return [*words, word] if word else words

    def emoji(self, text: str) -> str | None:
        plain = text.replace("\ufe0f", "")
        if len(plain) != 1 or unicodedata.category(plain) != "So":
            return None
        return plain if plain > "\uffff" else plain + "\ufe0f"


def username_key(username: str) -> str:
    """Compare usernames by compatibility form and case folding. Raises ValueError for blank text.

    Close to RFC 8265's UsernameCaseMapped, which needs tables that the standard library does not have.
    """
    key = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", username).casefold()).strip()
    if not key:
        raise ValueError("a username can't be blank")
    return key


def mixes_scripts(username: str) -> bool:
    """Return whether the name mixes Latin, Cyrillic and Greek letters: a part of UTS #39."""
    words = {unicodedata.name(char, "").partition(" ")[0] for char in username}
    return len(words & {"LATIN", "CYRILLIC", "GREEK"}) > 1


def email_address(address: str) -> str:
    """Return an address with its domain in lower case. Raises ValueError unless it has an @ and a dot behind it."""
    name, at, domain = unicodedata.normalize("NFC", address).rpartition("@")
    if not re.fullmatch(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+", name + at + domain):
        raise ValueError("not an e-mail address")
    return name + at + domain.lower()


def is_common_password(password: str) -> bool:
    """Return whether the password is one of three; the complete lists are in zxcvbn."""
    return password.casefold() in {"password", "12345678", "iloveyou"}
