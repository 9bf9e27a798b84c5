"""Finding an account by its id, its username or its verified address, which services of many areas need.

This module knows no rights: each caller decides whether the answer may show that there is such an account.
"""

from contextlib import suppress

from minichat.domain.accounts import email_key, username_key
from minichat.domain.errors import UserNotFound
from minichat.domain.model import Credentials, User
from minichat.domain.ports import EmailAddress, UsernameKey, UserStore

UserReference = int | str
"""The id or the username of an account."""


def existing_user(user_store: UserStore, user_id: int) -> User:
    """Return the user. Raises UserNotFound, also for an erased account."""
    user = user_store.get(user_id)
    if user is None or user.is_erased:
        raise UserNotFound
    return user


def find_account(user_store: UserStore, key_of: UsernameKey, reference: UserReference) -> Credentials | None:
    """Return the account of an id, or of a username as at log-in; None if there is none.

    It may be erased: such an account has the name `deleted-user-<id>`.
    """
    if isinstance(reference, int):
        return user_store.credentials_by_id(reference)
    key = username_key(reference, key_of)
    return user_store.credentials(key) if key else None


def existing_account(user_store: UserStore, key_of: UsernameKey, reference: UserReference) -> Credentials:
    """Return the account. Raises UserNotFound, also for an erased account."""
    found = find_account(user_store, key_of, reference)
    if found is None or found.user.is_erased:
        raise UserNotFound
    return found


def holder_of(user_store: UserStore, normal_form: EmailAddress, address: str) -> User | None:
    """Return the user who has verified this address, or None. Upper and lower case don't matter."""
    sought = address.strip()
    # Addresses are stored in their normal form. One from an earlier version may be invalid now.
    with suppress(ValueError):
        sought = normal_form(sought)
    return user_store.by_verified_email(email_key(sought))
