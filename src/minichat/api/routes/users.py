"""`/api/auth/`: profiles and people; `/api/chat/online-users/`: presence."""

from collections.abc import Callable
from typing import Any

from flask import Response

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import base_url, context, device, own_hosts, services
from minichat.api.openapi import LINK
from minichat.api.paging import links, window_of
from minichat.api.policy import MAX_FORM_BYTES, UPLOADS, Policy
from minichat.api.request_state import caller, caller_id
from minichat.api.schemas.account_requests import AvatarIn, ProfileIn
from minichat.api.schemas.answers import AccountOut, FoundOut, OnlineOut, PersonOut
from minichat.api.schemas.queries import PeopleQuery, PeopleSearchQuery
from minichat.api.texts import language
from minichat.domain.directory import checked_query
from minichat.domain.model import Credentials, Timestamp, User
from minichat.domain.paging import Page
from minichat.domain.text import Fields

blueprint = Blueprint(
    "users", __name__, url_prefix="/api", description="Your profile and picture, other people, and who is online."
)


@blueprint.route("/auth/profile/", methods=["GET"])
@answers(200, AccountOut)
def get_profile() -> Response:
    """Get your profile, which is your account."""
    return _account(caller().user)


def _check_profile(form: dict[str, Any]) -> None:
    fields = Fields()
    with fields.collecting():
        services().directory.check_profile(
            caller().user, **{name: value for name, value in _without_own_avatar(form).items() if name != "password"}
        )
    with fields.collecting():
        _proof(form)
    fields.check()


@blueprint.route("/auth/profile/", methods=["PUT"])
@blueprint.arguments(ProfileIn, required=False, rules=_check_profile)
@answers(200, AccountOut, 400, 413, 415)
def put_profile(form: dict[str, Any]) -> Response:
    """Change your profile. Fields that you leave out keep their values.

    Where `password_reset` of `GET /api/info/` is true, another `email` needs your `password`. The new address gets a
    mail with a link that verifies it.
    """
    return _edited(form)


@blueprint.route("/auth/profile/", methods=["PATCH"])
@blueprint.arguments(ProfileIn, required=False, rules=_check_profile)
@answers(200, AccountOut, 400, 413, 415)
def update_profile(form: dict[str, Any]) -> Response:
    """Change your profile. Fields that you leave out keep their values.

    Where `password_reset` of `GET /api/info/` is true, another `email` needs your `password`. The new address gets a
    mail with a link that verifies it.
    """
    return _edited(form)


def _check_avatar(form: dict[str, bytes]) -> None:
    if "file" in form:
        services().avatars.check(form["file"])


@blueprint.route(
    "/auth/profile/avatar/", methods=["PUT"], policy=Policy(rate_limit=UPLOADS, max_body_bytes=MAX_FORM_BYTES)
)
@blueprint.arguments(AvatarIn, location="files", rules=_check_avatar)
@answers(
    200,
    AccountOut,
    *(400, 413, 415),
    descriptions={413: "The file is larger than 2 MiB.", 415: "The body is not `multipart/form-data`."},
)
def upload_avatar(form: dict[str, bytes]) -> Response:
    """Upload your picture.

    The server crops the picture to the square in its centre, scales it to 256 pixels, and rotates it by its EXIF data.
    It removes the metadata, such as the place and the camera. Only the first frame of an animation is used.
    """
    return _account(services().avatars.upload(caller_id(), form["file"]))


@blueprint.route("/auth/profile/avatar/", methods=["DELETE"])
@answers(200, AccountOut)
def delete_avatar() -> Response:
    """Remove your picture and return to the placeholder."""
    return _account(services().avatars.remove(caller_id()))


def _check_search(query: dict[str, Any]) -> None:
    if "q" in query:
        checked_query(query["q"])


@blueprint.route("/auth/search/", methods=["GET"])
@blueprint.arguments(PeopleSearchQuery, location="query", rules=_check_search)
@answers(200, FoundOut, 400)
def search_users(query: dict[str, Any]) -> Response:
    """Search people by any part of the username, first name or last name, in any script.

    Each word of the query must be in one of the names, in any order, and a leading `@` is skipped. Exact names come
    first, then names that begin with the query, then the rest. You are never in the result, and a query without words
    finds nobody.

    The comparison ignores case, and the accents and other marks of Latin, Greek, Cyrillic, Arabic and Hebrew letters:
    `jose` finds José, `ΓΙΩΡΓΟΣ` finds Γιώργος. It also ignores the skin tones of emoji, and takes all apostrophes as
    equal, and all hyphens.
    """
    base, now = base_url(), context().clock()
    found = services().directory.search(caller_id(), query["q"], query["limit"])
    return presenting.json_response({"users": [presenting.person(user, base, now) for user in found]})


@blueprint.route("/auth/users/", methods=["GET"])
@blueprint.arguments(PeopleQuery, location="query")
@answers(200, PersonOut(many=True), 400, headers={"Link": LINK})
def list_users(query: dict[str, Any]) -> Response:
    """List all people, by username."""
    return _listed(services().directory.page(caller_id(), window_of(query)), presenting.person)


@blueprint.route("/auth/users/<id:user_id>/", methods=["GET"])
@answers(200, PersonOut, 404)
def get_user(user_id: int) -> Response:
    """Get one person. With your own id, you see yourself as others do."""
    found = services().directory.get(caller_id(), user_id)
    return presenting.json_response(presenting.person(found, base_url(), context().clock()))


@blueprint.route("/chat/online-users/", methods=["GET"])
@blueprint.arguments(PeopleQuery, location="query")
@answers(200, OnlineOut(many=True), 400, headers={"Link": LINK})
def list_online_users(query: dict[str, Any]) -> Response:
    """List the people who are online, by username: those with an open stream or a request in the last minute."""
    return _listed(services().directory.online(caller_id(), window_of(query)), presenting.online)


def _listed(page: Page[User], present: Callable[[User, str, Timestamp], presenting.Json]) -> Response:
    base, now = base_url(), context().clock()
    return presenting.json_response([present(user, base, now) for user in page.items], headers=links(page))


def _edited(form: dict[str, Any]) -> Response:
    proof = _proof(form)
    form.pop("password", None)
    changes = _without_own_avatar(form)
    return _account(services().directory.edit_profile(caller_id(), **changes, proof=proof, language=language()))


def _proof(form: dict[str, Any]) -> Credentials | None:
    """Return the caller's credentials if a change of the address needs the password, and it is right.

    Raises InvalidInput. A wrong password counts as a guess.
    """
    changes_email = form.get("email", caller().user.email) != caller().user.email
    if not changes_email or "password" not in form or not services().outbox.is_open:
        return None
    return services().sessions.verify_password(caller(), form["password"], "password", device())


def _without_own_avatar(form: dict[str, Any]) -> dict[str, Any]:
    """Return the form without the URL of the caller's picture, which a client returns from an answer."""
    is_own = "avatar" in form and presenting.may_be_own_avatar(form["avatar"], caller().user, base_url(), own_hosts())
    return {name: value for name, value in form.items() if not (is_own and name == "avatar")}


def _account(user: User) -> Response:
    return presenting.json_response(presenting.account(user, base_url(), context().clock()))
