"""`/api/auth/`: registration, log-in and log-out, tokens, the password, your data."""

from typing import Any

from flask import Response, request

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import base_url, context, device, services
from minichat.api.exporting import pieces
from minichat.api.openapi import LINK
from minichat.api.paging import links, window
from minichat.api.policy import EXPORTS, PUBLIC, PUBLIC_UNTHROTTLED, Access, Policy
from minichat.api.request_state import caller, caller_id, claims
from minichat.api.schemas.answers import AccountOut, ExportOut, NewTokensOut, SaidOut, SessionOut, TokensOut, WelcomeOut
from minichat.api.schemas.requests import ChangePasswordIn, EraseIn, ListQuery, LoginIn, LogoutIn, RefreshIn, RegisterIn
from minichat.api.texts import sentence
from minichat.domain.errors import InvalidToken
from minichat.domain.model import User
from minichat.domain.sessions import Grant

blueprint = Blueprint("auth", __name__, url_prefix="/api/auth", description="Accounts and sessions")

ATTACHMENT = {"description": "The name of the file to save it as.", "schema": {"type": "string"}}


@blueprint.route("/register/", methods=["POST"], policy=PUBLIC)
@blueprint.arguments(RegisterIn)
@answers(201, WelcomeOut, 400, 409, 413, 415)
def register(form: dict[str, Any]) -> Response:
    """Make an account and log in.

    Usernames have 3 to 32 letters, digits and `_ . -` of any script; `Ann`, `ann` and full-width `ａｎｎ` are one name.
    Passwords have 8 to 1024 characters and are not the username.
    """
    user, grant = services().registration.register(**form, device=device())
    return _welcome(user, grant, "registered", 201)


@blueprint.route("/login/", methods=["POST"], policy=PUBLIC)
@blueprint.arguments(LoginIn)
@answers(200, WelcomeOut, 400, 401, 413, 415)
def login(form: dict[str, Any]) -> Response:
    """Log in.

    A wrong name and a wrong password get the same answer, in the same time.
    """
    user, grant = services().sessions.log_in(form["username"], form["password"], device())
    return _welcome(user, grant, "logged_in", 200)


@blueprint.route("/logout/", methods=["POST"], policy=Policy(Access.TOKEN_OF_ANY_SESSION))
@blueprint.arguments(LogoutIn, required=False)
@answers(200, SaidOut, 400, 413, 415)
def logout(form: dict[str, str]) -> Response:
    """Log out: the session ends, with its access and refresh tokens.

    Takes the access token as any other call; that of a session that has ended already is fine, too. With `refresh`,
    the session of that token ends as well.
    """
    access = claims()
    ending = {access.session_id}
    if "refresh" in form:
        refresh = context().tokens.read(form["refresh"], "refresh", even_expired=True)
        if refresh.user_id != access.user_id:
            raise InvalidToken
        ending.add(refresh.session_id)
    services().sessions.log_out(access.user_id, *ending, device=device())
    return presenting.json_response({"message": sentence("logged_out")})


@blueprint.route("/token/refresh/", methods=["POST"], policy=PUBLIC_UNTHROTTLED)
@blueprint.arguments(RefreshIn)
@answers(200, TokensOut, 400, 401, 413, 415, 429)
def refresh(form: dict[str, str]) -> Response:
    """Exchange a refresh token for a new pair.

    Each refresh token has one successor. Asked again within 30 s, while the successor is unused, the answer is that
    same successor: a lost answer or a second tab logs nobody out. Any other reuse ends the session.
    """
    tokens, where = context().tokens, device()
    with services().throttling.counting_refused_tokens(where):
        told = tokens.read(form["refresh"], "refresh")
        grant = services().sessions.refresh(told.session_id, told.user_id, told.jti, where)
    context().came_online()
    return presenting.json_response(tokens.pair(grant))


@blueprint.route("/me/", methods=["GET"])
@answers(200, AccountOut)
def me() -> Response:
    """Your own account."""
    return presenting.json_response(presenting.account(caller().user, base_url(), context().clock()))


@blueprint.route("/me/", methods=["DELETE"])
@blueprint.arguments(EraseIn)
@answers(204, None, 400, 413, 415)
def erase(form: dict[str, str]) -> Response:
    """Erase your account, for good; your password is asked for once more.

    You are logged out everywhere and out of all rooms; those that you own are handed over as by leaving. What you said
    stays, under the name `deleted-user-<id>`, and so do your direct chats for the others, who can't write in them any
    more. Nobody can have your username for 30 days.
    """
    services().erasure.erase(caller(), form["password"], device())
    return presenting.no_content()


@blueprint.route("/me/export/", methods=["GET"], policy=Policy(rate_limit=EXPORTS))
@answers(200, ExportOut, headers={"Content-Disposition": ATTACHMENT})
def export() -> Response:
    """Everything that is held on you, as one document.

    It is written while it is read, so it can be as long as it needs to be. Should it break off, the connection breaks
    and what you have is not well-formed: ask again. It goes on though you log out meanwhile.
    """
    headers = {"Content-Disposition": 'attachment; filename="minichat-export.json"', "Cache-Control": "no-store"}
    # A HEAD takes nothing out, so it is not put on record.
    document = iter(()) if request.method == "HEAD" else pieces(services().export.begin(caller(), device()), base_url())
    return Response(document, headers=headers, content_type="application/json")


@blueprint.route("/change-password/", methods=["POST"])
@blueprint.arguments(ChangePasswordIn)
@answers(200, NewTokensOut, 400, 413, 415)
def change_password(form: dict[str, Any]) -> Response:
    """Change your password.

    All your other sessions end at once; this one goes on with the new pair of tokens.
    """
    grant = services().sessions.change_password(
        caller(), form["old_password"], form["new_password"], form.get("new_password_confirm"), device()
    )
    return presenting.json_response({"message": sentence("password_changed"), "tokens": context().tokens.pair(grant)})


@blueprint.route("/sessions/", methods=["GET"])
@blueprint.arguments(ListQuery, location="query")
@answers(200, SessionOut(many=True), 400, headers={"Link": LINK})
def sessions(query: dict[str, Any]) -> Response:
    """Where you are logged in, the newest log-in first."""
    page = services().sessions.live(caller_id(), window(query["limit"], query.get("cursor"), int))
    current = caller().session.id
    return presenting.json_response([presenting.session(one, current) for one in page.items], headers=links(page))


@blueprint.route("/sessions/", methods=["DELETE"])
@answers(204, None)
def revoke_other_sessions() -> Response:
    """Log out everywhere but here, at once."""
    services().sessions.revoke_others(caller(), device())
    return presenting.no_content()


@blueprint.route("/sessions/<id:session_id>/", methods=["DELETE"])
@answers(204, None, 404)
def revoke_session(session_id: int) -> Response:
    """Log out one of your devices, at once; this one, too, if you say so."""
    services().sessions.revoke(caller(), session_id, device())
    return presenting.no_content()


def _welcome(user: User, grant: Grant, message: str, status: int) -> Response:
    context().came_online()
    body = {
        "user": presenting.account(user, base_url(), context().clock()),
        "tokens": context().tokens.pair(grant),
        "message": sentence(message),
    }
    return presenting.json_response(body, status)
