"""The administrator of this request, by the signed cookie that names their session.

The session is one of the domain's. It appears in the superuser's list of sessions, and when it ends, the cookie is
worthless. A session that lacks the second factor opens nothing, or its set-up alone: see `Gate`.
"""

from flask import session

from minichat.api.context import context, services
from minichat.api.request_state import RequestState, request_state
from minichat.domain.errors import SessionEnded
from minichat.domain.model import HOUR, Caller, Gate, HalfSignIn, User, is_within
from minichat.domain.sessions import Grant

SIGN_IN_DURATION = 12 * HOUR
"""How long a sign-in lasts, in milliseconds."""
_HALF = "half"


def administrator() -> User | None:
    """Return the superuser who makes this request, or None."""
    state = _state()
    return state.administrator.user if state.administrator and state.administrator_gate is Gate.OPEN else None


def administrator_at(*gates: Gate) -> Caller | None:
    """Return the superuser of this request with their session, if that opens the administration so far."""
    state = _state()
    return state.administrator if state.administrator_gate in gates else None


def forget_administrator() -> None:
    """Treat this request as that of a visitor from now on."""
    state = request_state()
    state.administrator, state.is_administrator_known = None, True


def signed_in_superuser() -> User | None:
    """Return the superuser who has signed in, also while a required second factor is missing."""
    caller = administrator_at(Gate.OPEN, Gate.SET_UP)
    return None if caller is None else caller.user


def _state() -> RequestState:
    state = request_state()
    if not state.is_administrator_known:
        state.administrator = _known_by_cookie()
        if state.administrator is not None:
            state.administrator_gate = services().administrator_sign_in.gate(state.administrator)
        state.is_administrator_known = True
    return state


def _known_by_cookie() -> Caller | None:
    if "session" not in session or not is_within(SIGN_IN_DURATION, session["since"], context().clock()):
        return None
    try:
        caller = services().sessions.authenticate(session["session"], session["user"])
    except SessionEnded:
        return None
    return caller if caller.user.is_superuser else None


def keep_session(user: User, grant: Grant) -> None:
    """Let the cookie name a new session, in place of all that it held."""
    session.clear()
    session.update(session=grant.session.id, user=user.id, since=context().clock())


def keep_half(half: HalfSignIn) -> None:
    """Let the cookie hold a sign-in that awaits its code, in place of all that it held."""
    session.clear()
    session[_HALF] = list(half)


def half_sign_in() -> HalfSignIn | None:
    """Return the sign-in that awaits its code, or None."""
    return HalfSignIn(*session[_HALF]) if _HALF in session else None


def session_id() -> int:
    """Return the id of the administrator's session; there is an `administrator`."""
    id_: int = session["session"]
    return id_
