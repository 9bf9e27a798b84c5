"""`/api/auth/`: registration, log-in and log-out, tokens, the password."""

from typing import Any

from flask import Response

from minichat.api import present
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import base_url, bearer_token, caller, context, device, public, services
from minichat.api.schemas.answers import AccountOut, NewTokensOut, SaidOut, TokensOut, WelcomeOut
from minichat.api.schemas.requests import ChangePasswordIn, LoginIn, LogoutIn, RefreshIn, RegisterIn
from minichat.api.texts import sentence
from minichat.domain.errors import InvalidToken
from minichat.domain.model import User
from minichat.domain.sessions import Grant

blueprint = Blueprint("auth", __name__, url_prefix="/api/auth", description="Accounts and sessions")


@blueprint.route("/register/", methods=["POST"])
@blueprint.arguments(RegisterIn)
@answers(201, WelcomeOut, 400, 409, 413, 415, public=True)
def register(form: dict[str, Any]) -> Response:
    """Make an account and log in.

    Usernames have 3 to 32 letters, digits and `_ . -` of any script; `Ann`, `ann` and full-width `ａｎｎ` are one name.
    Passwords have 8 to 1024 characters and are not the username.
    """
    user, grant = services().registration.register(**form, device=device())
    return _welcome(user, grant, "registered", 201)


@blueprint.route("/login/", methods=["POST"])
@blueprint.arguments(LoginIn)
@answers(200, WelcomeOut, 400, 401, 413, 415, public=True)
def login(form: dict[str, Any]) -> Response:
    """Log in.

    A wrong name and a wrong password get the same answer, in the same time.
    """
    user, grant = services().sessions.log_in(form["username"], form["password"], device())
    return _welcome(user, grant, "logged_in", 200)


@blueprint.route("/logout/", methods=["POST"])
@blueprint.arguments(LogoutIn, required=False)
@public
@answers(200, SaidOut, 400, 413, 415)
def logout(form: dict[str, str]) -> Response:
    """Log out: the session ends, with its access and refresh tokens.

    Takes the access token as any other call; that of a session that has ended already is fine, too. With `refresh`,
    the session of that token ends as well.
    """
    # Public only in that its session need not live any more: the access token must be genuine all the same.
    tokens = context().tokens
    access = tokens.read(bearer_token(), "access")
    ending = {access.session_id}
    if "refresh" in form:
        refresh = tokens.read(form["refresh"], "refresh", even_expired=True)
        if refresh.user_id != access.user_id:
            raise InvalidToken
        ending.add(refresh.session_id)
    services().sessions.log_out(*ending)
    return present.answer({"message": sentence("logged_out")})


@blueprint.route("/token/refresh/", methods=["POST"])
@blueprint.arguments(RefreshIn)
@answers(200, TokensOut, 400, 401, 413, 415, public=True)
def refresh(form: dict[str, str]) -> Response:
    """Exchange a refresh token for a new pair.

    Each refresh token has one successor. Asked again within 30 s, while the successor is unused, the answer is that
    same successor: a lost answer or a second tab logs nobody out. Any other reuse ends the session.
    """
    tokens = context().tokens
    claims = tokens.read(form["refresh"], "refresh")
    return present.answer(tokens.pair(services().sessions.refresh(claims.session_id, claims.user_id, claims.jti)))


@blueprint.route("/me/", methods=["GET"])
@answers(200, AccountOut)
def me() -> Response:
    """Your own account."""
    return present.answer(present.account(caller().user, base_url(), context().clock()))


@blueprint.route("/change-password/", methods=["POST"])
@blueprint.arguments(ChangePasswordIn)
@answers(200, NewTokensOut, 400, 413, 415)
def change_password(form: dict[str, Any]) -> Response:
    """Change your password.

    All your other sessions end at once; this one goes on with the new pair of tokens.
    """
    grant = services().sessions.change_password(
        caller(), form["old_password"], form["new_password"], form.get("new_password_confirm")
    )
    return present.answer({"message": sentence("password_changed"), "tokens": context().tokens.pair(grant)})


def _welcome(user: User, grant: Grant, message: str, status: int) -> Response:
    body = {
        "user": present.account(user, base_url(), context().clock()),
        "tokens": context().tokens.pair(grant),
        "message": sentence(message),
    }
    return present.answer(body, status)
