"""`/api/auth/password-reset/` and `/api/auth/email/`: forgotten passwords and verified addresses."""

from flask import Response

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import context, device, services
from minichat.api.policy import PUBLIC
from minichat.api.request_state import caller_id
from minichat.api.schemas.account_requests import PasswordResetIn, ResetConfirmIn, VerifyEmailIn
from minichat.api.schemas.answers import ConfirmationOut, NewTokensOut
from minichat.api.texts import language, sentence

blueprint = Blueprint(
    "recovery", __name__, url_prefix="/api/auth", description="Forgotten passwords, and verified addresses."
)


@blueprint.route("/password-reset/", methods=["POST"], policy=PUBLIC)
@blueprint.arguments(PasswordResetIn)
@answers(202, ConfirmationOut, 400, 413, 415)
def request_password_reset(form: dict[str, str]) -> Response:
    """Request a link that sets a new password, for a username or a verified e-mail address.

    The link goes to the verified address of the account by mail, and works for an hour. The answer is the same, in the
    same time, whether there is such an account or not. An account gets at most three such mails in an hour.

    If `password_reset` of `GET /api/info/` is false, this server sends no mail, and an administrator makes the link.
    """
    services().recovery.request(**form, device=device(), language=language())
    return _confirmation("reset_requested" if services().outbox.is_open else "sends_no_mail", 202)


def _check_reset(form: dict[str, str]) -> None:
    services().recovery.check(form.get("token"), form.get("new_password"), form.get("new_password_confirm"))


@blueprint.route("/password-reset/confirm/", methods=["POST"], policy=PUBLIC)
@blueprint.arguments(ResetConfirmIn, rules=_check_reset)
@answers(200, NewTokensOut, 400, 413, 415)
def confirm_password_reset(form: dict[str, str]) -> Response:
    """Set a new password with the token of a link, and log in.

    All earlier sessions end. The token works once, for an hour, until the password changes or a newer link is made:
    otherwise the answer is 400 `token_invalid`. A refused password leaves the token valid.
    """
    _, grant = services().recovery.confirm(
        form["token"], form["new_password"], form.get("new_password_confirm"), device()
    )
    context().came_online()
    body = {"message": sentence("password_changed"), "tokens": context().tokens.pair(grant)}
    return presenting.json_response(body)


@blueprint.route("/email/verify/", methods=["POST"], policy=PUBLIC)
@blueprint.arguments(VerifyEmailIn)
@answers(
    200,
    ConfirmationOut,
    *(400, 413, 415),
    descriptions={409: "`email_taken`: another account has verified this address. The token stays valid."},
)
def verify_email(form: dict[str, str]) -> Response:
    """Verify your e-mail address with the token of the link that was sent there.

    The token works once, for three days, as long as the address and the password stay the same: otherwise the answer is
    400 `token_invalid`. A verified address belongs to one account.
    """
    services().verification.verify(form["token"], device())
    return _confirmation("email_verified", 200)


@blueprint.route("/email/resend/", methods=["POST"])
@answers(202, ConfirmationOut)
def resend_verification() -> Response:
    """Request another mail with a link that verifies your e-mail address.

    An address gets at most three such mails in a day. Nothing is sent if you have no address, or a verified one.
    """
    if not services().outbox.is_open:
        return _confirmation("sends_no_mail", 202)
    is_sent = services().verification.resend(caller_id(), language())
    return _confirmation("verification_sent" if is_sent else "nothing_to_verify", 202)


def _confirmation(code: str, status: int) -> Response:
    return presenting.json_response({"message": sentence(code)}, status)
