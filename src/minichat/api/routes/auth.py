"""`/api/auth/`: registration, log-in and log-out, tokens, the password, the caller's data."""

from typing import Any

from flask import Request, Response, request
from marshmallow import Schema

from minichat.api import presenting
from minichat.api.authentication import bearer_claims
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import base_url, context, device, presenter_for, services
from minichat.api.exporting import export_document
from minichat.api.openapi import LINK
from minichat.api.paging import links, window_of
from minichat.api.parsing import Read, read_json
from minichat.api.policy import EXPORTS, PUBLIC, PUBLIC_UNTHROTTLED, Access, Policy
from minichat.api.request_state import caller, caller_id, request_state
from minichat.api.schemas.account_requests import ChangePasswordIn, EraseIn, LoginIn, LogoutIn, RefreshIn, RegisterIn
from minichat.api.schemas.answers import (
    AccountOut,
    ConfirmationOut,
    NewTokensOut,
    RegisteredOut,
    SessionOut,
    TokensOut,
    WelcomeOut,
)
from minichat.api.schemas.exports import ExportOut
from minichat.api.schemas.queries import ListQuery
from minichat.api.texts import language, sentence
from minichat.domain.errors import TokenExpired
from minichat.domain.model import RegistrationMode, User
from minichat.domain.sessions import Grant

blueprint = Blueprint(
    "auth",
    __name__,
    url_prefix="/api/auth",
    description="Accounts and sessions: register, log in and out, refresh tokens, change the password, end sessions.",
)

ATTACHMENT = {"description": "The file name to save the export under.", "schema": {"type": "string"}}


def _read_registration(request: Request, schema: Schema) -> Read:
    """Read the body, unless this server refuses the registration whatever the body has. Raises the reader's errors."""
    registration = services().registration
    if registration.mode == RegistrationMode.CLOSED:
        registration.check_gate()
    read = read_json(request, schema)
    invite = read.value.get("invite") if isinstance(read.value, dict) else None
    registration.check_gate(invite if isinstance(invite, str) else None)
    return read


def _check_registration(form: dict[str, Any]) -> None:
    services().registration.check(**{name: value for name, value in form.items() if name != "invite"})


@blueprint.route("/register/", methods=["POST"], policy=PUBLIC)
@blueprint.arguments(RegisterIn, read=_read_registration, rules=_check_registration)
@answers(
    201,
    RegisteredOut,
    400,
    409,
    413,
    415,
    descriptions={
        403: "This server creates no accounts here, or only with an invitation that works.",
        404: "The invitation does not exist or is no longer valid. No account was created.",
    },
)
def register_account(form: dict[str, Any]) -> Response:
    """Register an account and log in.

    A username has 3 to 32 characters: letters and digits of any script, `_`, `.` and `-`. `Ann`, `ann` and full-width
    `ａｎｎ` are the same name. A password has 8 to 1024 characters and is not the username.

    With the token of an invitation as `invite`, you also join its room, and the answer shows the `room`. If the
    invitation does not work, the answer is 404, and no account is created.

    `registration` of `GET /api/info/` shows who can register. If it is `invite`, a registration without an invitation
    that works gets 403 `invitation_required`. If it is `closed`, every registration gets 403 `registration_closed`.
    """
    invite = form.pop("invite", None)
    if invite is None:
        return _welcome(
            *services().registration.register(**form, device=device(), language=language()), "registered", 201
        )
    user, grant, shown = services().registration.register_invited(invite, **form, device=device(), language=language())
    room = presenter_for(user.id, shown.details).room(shown.view)
    return _welcome(user, grant, "registered", 201, room=room)


@blueprint.route("/login/", methods=["POST"], policy=PUBLIC)
@blueprint.arguments(LoginIn)
@answers(200, WelcomeOut, 400, 401, 413, 415)
def log_in(form: dict[str, Any]) -> Response:
    """Log in.

    An unknown username and a wrong password get the same answer, in the same time.
    """
    user, grant = services().sessions.log_in(form["username"], form["password"], device())
    return _welcome(user, grant, "logged_in", 200)


@blueprint.route("/logout/", methods=["POST"], policy=Policy(Access.OPTIONAL_TOKEN))
@blueprint.arguments(LogoutIn, required=False)
@answers(200, ConfirmationOut, 400, 413, 415)
def log_out(form: dict[str, str]) -> Response:
    """Log out: end the session, with its access and refresh tokens.

    One valid token is enough. With a `refresh` token, the access token may have expired or be missing. Without one, the
    session of the access token ends. If you send valid tokens of two sessions, both end. You can log out again without
    an error.
    """
    access, refresh = request_state().claims, form.get("refresh")
    tokens = [] if access is None else [access]
    if refresh is not None:
        tokens.append(context().tokens.read(refresh, "refresh", even_expired=True))
    if not tokens:
        bearer_claims()  # raises the reason
    live = [token for token in tokens if token.expires_at > context().clock()]
    if not live:
        raise TokenExpired
    for token in live:
        services().sessions.log_out(token.user_id, token.session_id, device=device())
    return presenting.json_response({"message": sentence("logged_out")})


@blueprint.route("/token/refresh/", methods=["POST"], policy=PUBLIC_UNTHROTTLED)
@blueprint.arguments(RefreshIn)
@answers(200, TokensOut, 400, 401, 413, 415, 429)
def refresh_tokens(form: dict[str, str]) -> Response:
    """Exchange a refresh token for a new pair.

    Each refresh token has one successor. If you repeat the call within 30 seconds, while the successor is unused, you
    get the same successor, so a lost answer or a second tab logs nobody out. Any other reuse ends the session.
    """
    tokens = context().tokens
    with services().throttling.counting_refused_tokens(device()):
        old = tokens.read(form["refresh"], "refresh")
        grant = services().sessions.refresh(old.session_id, old.user_id, old.jti, device())
    context().came_online()
    return presenting.json_response(tokens.pair(grant))


@blueprint.route("/me/", methods=["GET"])
@answers(200, AccountOut)
def get_me() -> Response:
    """Get your own account."""
    return presenting.json_response(presenting.account(caller().user, base_url(), context().clock()))


def _check_erasure(form: dict[str, str]) -> None:
    # A wrong password counts as a guess here too, because the answer reveals it.
    if "password" in form:
        services().sessions.verify_password(caller(), form["password"], "password", device())


@blueprint.route("/me/", methods=["DELETE"])
@blueprint.arguments(EraseIn, rules=_check_erasure)
@answers(204, None, 400, 409, 413, 415)
def delete_me(form: dict[str, str]) -> Response:
    """Erase your account permanently. Your password is required.

    You are logged out everywhere and leave all rooms. Rooms that you own get a new owner, as when you leave them. Your
    messages stay under the name `deleted-user-<id>`. Your direct chats stay readable for the others, but nobody can
    write there. Your invitations end. Your username is free again after 30 days. The last superuser of a server can't
    be erased (409 `last_superuser`).
    """
    services().erasure.erase(caller(), form["password"], device())
    return presenting.no_content()


@blueprint.route("/me/export/", methods=["GET"], policy=Policy(rate_limit=EXPORTS))
@answers(200, ExportOut, headers={"Content-Disposition": ATTACHMENT})
def export_me() -> Response:
    """Export everything that the server stores about you, as one document.

    The document is streamed. If the server can't finish it, the connection breaks and the document is not well-formed:
    request it again. Logging out does not stop an export.
    """
    headers = {"Content-Disposition": 'attachment; filename="minichat-export.json"', "Cache-Control": "no-store"}
    # A HEAD request exports nothing, so it makes no entry in the audit log.
    if request.method == "HEAD":
        return Response(iter(()), headers=headers, content_type="application/json")
    document = export_document(services().export.begin(caller(), device()), base_url())
    return Response(document, headers=headers, content_type="application/json")


def _check_password_change(form: dict[str, str]) -> None:
    old, new, confirm = (form.get(name) for name in ("old_password", "new_password", "new_password_confirm"))
    services().sessions.check_password_change(caller(), old=old, new=new, confirm=confirm, device=device())


@blueprint.route("/change-password/", methods=["POST"])
@blueprint.arguments(ChangePasswordIn, rules=_check_password_change)
@answers(200, NewTokensOut, 400, 413, 415)
def change_password(form: dict[str, Any]) -> Response:
    """Change your password.

    All your other sessions end at once. This session continues with the new pair of tokens.
    """
    grant = services().sessions.change_password(
        caller(), form["old_password"], form["new_password"], form.get("new_password_confirm"), device()
    )
    return presenting.json_response({"message": sentence("password_changed"), "tokens": context().tokens.pair(grant)})


@blueprint.route("/sessions/", methods=["GET"])
@blueprint.arguments(ListQuery, location="query")
@answers(200, SessionOut(many=True), 400, headers={"Link": LINK})
def list_sessions(query: dict[str, Any]) -> Response:
    """List your sessions, the newest log-in first."""
    page = services().sessions.live(caller_id(), window_of(query))
    current, now = caller().session.id, context().clock()
    shown = [presenting.session(session, current, now) for session in page.items]
    return presenting.json_response(shown, headers=links(page))


@blueprint.route("/sessions/", methods=["DELETE"])
@answers(204, None)
def revoke_other_sessions() -> Response:
    """End all your sessions at once, except this one."""
    services().sessions.revoke_others(caller(), device())
    return presenting.no_content()


@blueprint.route("/sessions/<id:session_id>/", methods=["DELETE"])
@answers(204, None, 404)
def revoke_session(session_id: int) -> Response:
    """End one of your sessions at once. You can also end this one."""
    services().sessions.revoke(caller(), session_id, device())
    return presenting.no_content()


def _welcome(user: User, grant: Grant, message_code: str, status: int, **more: presenting.Json) -> Response:
    context().came_online()
    body = {
        "user": presenting.account(user, base_url(), context().clock()),
        "tokens": context().tokens.pair(grant),
        "message": sentence(message_code),
        **more,
    }
    return presenting.json_response(body, status)
