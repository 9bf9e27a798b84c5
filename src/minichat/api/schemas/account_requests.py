"""The shapes of the bodies about accounts, sessions and recovery."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from minichat.api.schemas import patterns
from minichat.api.schemas.answers import EXAMPLE_JWT, EXAMPLE_TOKEN, AccountOut
from minichat.api.schemas.fields import File, Text
from minichat.api.schemas.forms import In, text_field
from minichat.domain import accounts

PASSWORD = "correct horse battery"  # noqa: S105 - the password of all examples
NEW_PASSWORD = "staple battery horse"  # noqa: S105


def _new_password(example: str, **kwargs: Any) -> Text:
    metadata = {"format": "password", "example": example, "pattern": patterns.SHOWN_TEXT}
    return text_field(
        accounts.MAX_PASSWORD_LENGTH, accounts.MIN_PASSWORD_LENGTH, required=True, metadata=metadata, **kwargs
    )


def _old_password() -> Text:
    return Text(required=True, metadata={"format": "password", "example": PASSWORD})


def _repeated_password(example: str) -> Text:
    description = "The password again, if you want it checked."
    return Text(metadata={"format": "password", "description": description, "example": example})


def _email() -> Text:
    # No "format", because in JSON Schema an empty text is not a valid address.
    metadata = {
        "description": 'An e-mail address, or "" for none.',
        "example": "ann@example.com",
        "pattern": patterns.OPTIONAL_EMAIL,
    }
    return text_field(accounts.MAX_EMAIL_LENGTH, metadata=metadata)


def _person_name(example: str) -> Text:
    return text_field(accounts.MAX_NAME_LENGTH, metadata={"example": example, "pattern": patterns.OPTIONAL_NAME})


class _FullAccountOut(AccountOut):
    """An account with the further fields of the Django service's profiles, which clients may send back."""

    is_online = fields.Boolean()
    last_seen = fields.DateTime()
    is_staff = fields.Boolean()
    is_superuser = fields.Boolean()


class RegisterIn(In):
    resource = _FullAccountOut
    not_in_example = frozenset({"invite"})  # an account needs none

    username = text_field(
        accounts.MAX_USERNAME_LENGTH,
        accounts.MIN_USERNAME_LENGTH,
        required=True,
        metadata={"example": "ann", "pattern": patterns.USERNAME},
    )
    password = _new_password(PASSWORD)
    password_confirm = _repeated_password(PASSWORD)
    email = _email()
    first_name = _person_name("Ann")
    last_name = _person_name("Lee")
    invite = Text(metadata={"description": "The token of an invitation to a room.", "example": EXAMPLE_TOKEN})


class LoginIn(In):
    username = Text(required=True, metadata={"example": "ann"})
    password = _old_password()


class LogoutIn(In):
    refresh = Text(metadata={"description": "A refresh token whose session ends too."})


class RefreshIn(In):
    refresh = Text(required=True, metadata={"example": EXAMPLE_JWT})


class ProfileIn(In):
    resource = _FullAccountOut

    first_name = _person_name("Ann")
    last_name = _person_name("Lee")
    email = _email()
    avatar = text_field(
        accounts.MAX_AVATAR_URL_LENGTH,
        metadata={
            "description": 'An https URL, or "" for the placeholder. The URL of your current picture changes nothing.',
            "example": "https://example.com/ann.png",
            "pattern": patterns.OPTIONAL_AVATAR,
        },
    )
    password = Text(
        metadata={
            "format": "password",
            "description": "Your password, if `email` changes and the server sends mail.",
            "example": PASSWORD,
        }
    )


class PasswordResetIn(In):
    """Exactly one of the two fields."""

    not_in_example = frozenset({"email"})

    username = Text(metadata={"example": "ann"})
    email = Text(metadata={"description": "A verified address.", "example": "ann@example.com"})

    @validates_schema(skip_on_field_errors=True)
    def _requires_one_field(self, data: Any, **kwargs: Any) -> None:
        given = {name for name, value in data.items() if value is not None}
        if len(given) != 1:
            raise ValidationError({name: ["one_of_both"] for name in ("username", "email")})


class ResetConfirmIn(In):
    token = Text(required=True, metadata={"description": "The token of the link.", "example": EXAMPLE_TOKEN})
    new_password = _new_password(NEW_PASSWORD)
    new_password_confirm = _repeated_password(NEW_PASSWORD)


class VerifyEmailIn(In):
    token = Text(required=True, metadata={"description": "The token of the link.", "example": EXAMPLE_TOKEN})


class AvatarIn(In):
    file = File(
        required=True,
        metadata={"description": "A PNG, JPEG, WebP or GIF picture of at most 2 MiB and 4096 × 4096 pixels."},
    )


class ChangePasswordIn(In):
    old_password = _old_password()
    new_password = _new_password(NEW_PASSWORD)
    new_password_confirm = _repeated_password(NEW_PASSWORD)


class EraseIn(In):
    password = Text(
        required=True,
        metadata={
            "format": "password",
            "description": "Your password. The example is refused: nobody erases an account by trying the request out.",
            "example": "type your password here",
        },
    )
