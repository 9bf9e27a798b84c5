"""The rules for the fields of an account, which registration, profile and password change share.

Usernames follow RFC 8265 (PRECIS), passwords NIST SP 800-63B-4: no composition rules, only length. This module reads no
store.
"""

import unicodedata
from urllib.parse import urlsplit

from minichat.domain.ports import Characters, CommonPasswords, EmailAddress, MixesScripts, UsernameKey
from minichat.domain.text import MAX_SHRINKAGE, Fields, clean_text

MIN_USERNAME_LENGTH, MAX_USERNAME_LENGTH = 3, 32
MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH = 8, 1024
MAX_NAME_LENGTH = 150
MAX_EMAIL_LENGTH = 254
MAX_AVATAR_URL_LENGTH = 500
ERASED_PREFIX = "deleted-user-"
"""The prefix of the names of erased accounts; no other account may have it."""

GROUP_NAMES = frozenset({"all", "everyone", "here", "channel"})
"""Names that mention several people at once, here or in other chats; no account may have one of them."""

_PUNCTUATION = frozenset("_.-")
_MARKS_IN_A_ROW = 4
_OVERLAY = 1
"""The combining class of marks that are drawn across a letter."""
_DOT_ABOVE, _DOTTED = "\u0307", frozenset("ijlıȷ")


def check_username(
    fields: Fields, username: str, characters: Characters, key_of: UsernameKey, mixes_scripts: MixesScripts
) -> tuple[str, str]:
    """Return the displayed username and its key; record in `fields` each reason to reject the name."""
    name = fields.line("username", username, least=MIN_USERNAME_LENGTH, most=MAX_USERNAME_LENGTH)
    if name and characters.is_blank(name):
        fields.wrong("username", "blank")
        return name, ""
    key = username_key(name, key_of)
    if key is None:
        fields.wrong("username", "username_characters")
    elif mixes_scripts(name):
        fields.wrong("username", "mixed_scripts")
    elif _hides_marks(name):
        fields.wrong("username", "hidden_marks")
    elif key.startswith(ERASED_PREFIX):
        fields.wrong("username", "username_reserved")
    elif key in GROUP_NAMES:
        fields.wrong("username", "username_of_a_group")
    return name, key or ""


def _hides_marks(name: str) -> bool:
    """Return whether the name has a combining mark that makes it look like another name (UTS #39, section 5.4).

    The mark has no letter before it, crosses its letter, repeats the previous mark, exceeds the permitted number, or
    adds a dot to a letter that has a dot already.
    """
    letter, marks = "", ""
    for char in unicodedata.normalize("NFD", name):
        if unicodedata.category(char)[0] != "M":
            letter, marks = char, ""
        elif (
            not letter
            or unicodedata.combining(char) == _OVERLAY
            or marks.endswith(char)
            or len(marks) == _MARKS_IN_A_ROW
            or (char == _DOT_ABOVE and letter in _DOTTED)
        ):
            return True
        else:
            marks += char
    return False


def username_key(username: str, key_of: UsernameKey) -> str | None:
    """Return the key of a username; None unless it consists of letters with marks, digits and `_ . -` only."""
    name = username.strip()
    if len(name) > MAX_USERNAME_LENGTH * MAX_SHRINKAGE or not all(
        char in _PUNCTUATION or unicodedata.category(char)[0] in "LMN" for char in name
    ):
        return None
    try:
        return key_of(name) if name else ""
    except ValueError:
        return None


def check_name(fields: Fields, field: str, name: str, characters: Characters) -> str:
    """Return the cleaned first or last name; record its problems in `fields`."""
    return fields.name(field, name, characters, most=MAX_NAME_LENGTH)


def check_email(fields: Fields, email: str, normal_form: EmailAddress) -> str:
    """Return the address in its normal form, or "" for none; record in `fields` that an address is invalid.

    The check finds typing errors. Only a delivered message would prove an address.
    """
    address = fields.line("email", email, most=MAX_EMAIL_LENGTH)
    if not address or len(address) > MAX_EMAIL_LENGTH:
        return address
    try:
        return normal_form(address)
    except ValueError:
        fields.wrong("email", "not_an_email")
        return address


def email_key(address: str) -> str:
    """Return the form of an address in which two are compared: without case (RFC 5321 allows it, people expect it)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", address).casefold())


def check_avatar_url(fields: Fields, url: str) -> str:
    """Return the https URL, or "" for the placeholder. The browsers of other users load the URL, the server never."""
    cleaned = fields.line("avatar", url, most=MAX_AVATAR_URL_LENGTH)
    if cleaned and not _is_https_url(cleaned):
        fields.wrong("avatar", "not_an_https_url")
    return cleaned


def _is_https_url(url: str) -> bool:
    if not url.isascii() or any(char in url for char in ' "<>\\^`{|}'):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False


def check_password(
    fields: Fields, field: str, password: str, key_of: UsernameKey, key: str, is_common: CommonPasswords
) -> str:
    """Return the new password of the account with username key `key`; record in `fields` each reason to reject it."""
    secret = fields.body(field, password, least=MIN_PASSWORD_LENGTH, most=MAX_PASSWORD_LENGTH)
    if key and username_key(secret, key_of) == key:
        fields.wrong(field, "password_is_username")
    if is_common(secret):
        fields.wrong(field, "password_too_common")
    return secret


def normal_password(password: str) -> str | None:
    """Return the password in the form that is hashed (RFC 8265: NFC); None if no account can have it."""
    if len(password) > MAX_PASSWORD_LENGTH * MAX_SHRINKAGE:
        return None
    try:
        secret = clean_text(password)
    except ValueError:
        return None
    return secret if len(secret) <= MAX_PASSWORD_LENGTH else None
