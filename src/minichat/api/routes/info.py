"""`/api/info/`: the options and limits of this server, for clients without a log-in."""

from flask import Response

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import services
from minichat.api.policy import PUBLIC
from minichat.api.schemas.answers import InfoOut
from minichat.api.texts import LANGUAGES
from minichat.domain import accounts, avatars, message_rules, room_rules

blueprint = Blueprint("info", __name__, url_prefix="/api", description="The options and limits of this server.")

_INFO = {
    "languages": LANGUAGES,
    "limits": {
        "content": message_rules.MAX_CONTENT_LENGTH,
        "username": (accounts.MIN_USERNAME_LENGTH, accounts.MAX_USERNAME_LENGTH),
        "password": (accounts.MIN_PASSWORD_LENGTH, accounts.MAX_PASSWORD_LENGTH),
        "room_name": room_rules.MAX_ROOM_NAME_LENGTH,
        "description": room_rules.MAX_DESCRIPTION_LENGTH,
        "participants": room_rules.MAX_INVITED,
        "avatar_bytes": avatars.MAX_FILE_BYTES,
    },
}


@blueprint.route("/info/", methods=["GET"], policy=PUBLIC)
@answers(200, InfoOut)
def get_info() -> Response:
    """Get the options, languages and limits of this server, for example to build forms.

    `registration` is `open` if everybody can register, `invite` if that needs an invitation, and `closed` if only
    administrators create accounts. `directory` is `everyone` if users find all others, and `shared` if they find those
    with whom they share a room. `password_reset` is true if users can request a new password by mail. `languages` are
    those of the texts for people.
    """
    options = {
        "registration": services().modes.registration,
        "directory": services().modes.directory,
        "password_reset": services().outbox.is_open,
    }
    return presenting.json_response(options | _INFO)
