"""Tokens on the wire: JSON Web Tokens, HS256 and nothing else (RFC 8725). flask-jwt-extended writes, PyJWT reads them.

A token is accepted if we would have written it, to the letter: our one header, our signature (or that of the other
secret, while one is changed for the other), our issuer and audience, every claim there and of its type. Whether its
session still lives is the domain's question.
"""

import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

import jwt
from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token

from minichat.domain.errors import InvalidToken, TokenExpired
from minichat.domain.model import MAX_ID, SECOND, Timestamp
from minichat.domain.ports import Clock
from minichat.domain.sessions import Grant

ISSUER = AUDIENCE = "minichat"
ALGORITHM = "HS256"
TOKEN_MOST = 2_048
"""No token of ours is longer, in characters."""
LEEWAY = 30
"""How far ahead the clock of the host may be that issued a token, in seconds."""

_ID = re.compile(rf"[1-9][0-9]{{,{len(str(MAX_ID)) - 1}}}")
_REMEMBERED = 4_096
"""How many verified tokens a worker keeps, to check a signature once and not on every request."""


class Claims(NamedTuple):
    """What a token says, once it is verified."""

    kind: str
    user_id: int
    session_id: int
    jti: str
    expires_at: Timestamp


class Tokens:
    """Writes and reads the tokens of one app: writes with the first of the keys, reads with each."""

    def __init__(self, app: Flask, keys: Sequence[str], clock: Clock, access_ttl: int) -> None:
        app.config.update(
            JWT_SECRET_KEY=keys[0],
            JWT_ALGORITHM=ALGORITHM,
            JWT_ENCODE_ISSUER=ISSUER,
            JWT_ENCODE_AUDIENCE=AUDIENCE,
            JWT_ENCODE_NBF=False,
            JWT_TOKEN_LOCATION=["headers"],
            JWT_COOKIE_CSRF_PROTECT=False,  # its claim is random, and there are no cookies
        )
        JWTManager(app)
        self._keys = keys
        self._clock = clock
        self._access_ttl = access_ttl
        with app.app_context():
            sample = create_access_token("1")
        self._header = sample.partition(".")[0]
        self._read = lru_cache(_REMEMBERED)(self._verify)

    def pair(self, grant: Grant) -> dict[str, str]:
        """The tokens of a grant. The refresh token is the same, to the letter, each time."""
        session = grant.session
        subject, now = str(session.user_id), self._clock()
        refresh = create_refresh_token(
            subject,
            additional_claims={
                "sid": session.id,
                "jti": grant.jti,
                "iat": grant.issued_at // SECOND,
                "exp": grant.expires_at // SECOND,
            },
        )
        expires_at = min(now // SECOND + self._access_ttl, session.expires_at // SECOND)
        access = create_access_token(
            subject,
            additional_claims={
                "sid": session.id,
                "jti": secrets.token_urlsafe(12),
                "iat": now // SECOND,
                "exp": expires_at,
            },
        )
        return {"access": access, "refresh": refresh}

    def read(self, token: str, kind: str, *, even_expired: bool = False) -> Claims:
        """Return the claims of a token of that kind, `access` or `refresh`. Raises InvalidToken or TokenExpired."""
        if len(token) > TOKEN_MOST:
            raise InvalidToken
        claims = self._read(token)
        if claims.kind != kind:
            raise InvalidToken
        if self._clock() >= claims.expires_at and not even_expired:
            raise TokenExpired
        return claims

    def _verify(self, token: str) -> Claims:
        # The header is compared as a whole: what is not to the letter ours (`none`, `kid`, `jku`, `crit`) is refused.
        if token.partition(".")[0] != self._header:
            raise InvalidToken
        for key in self._keys:
            with suppress(jwt.InvalidSignatureError):
                return _typed(_decoded(token, key))
        raise InvalidToken


def _decoded(token: str, key: str) -> dict[str, Any]:
    """The claims of a token. Raises InvalidToken, or jwt.InvalidSignatureError if another key made it."""
    try:
        # Not by flask-jwt-extended, which takes a token without a type for an access token.
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=LEEWAY,
            options={"verify_exp": False},  # by our own clock, each time (see `Tokens.read`)
        )
        is_ours = jwt.encode(claims, key, ALGORITHM) == token
    except jwt.InvalidSignatureError:
        raise
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidToken from error
    if not is_ours:
        raise InvalidToken  # base64 has several spellings, and JSON: a claim twice, white space
    return claims


def _typed(claims: dict[str, Any]) -> Claims:
    subject, session_id, jti = claims.get("sub"), claims.get("sid"), claims.get("jti")
    issued_at, expires_at, kind = claims.get("iat"), claims.get("exp"), claims.get("type")
    if not (isinstance(subject, str) and _ID.fullmatch(subject)):
        raise InvalidToken
    if not all(type(number) is int and 0 < number <= MAX_ID for number in (session_id, issued_at, expires_at)):
        raise InvalidToken
    if not (isinstance(jti, str) and jti) or kind not in ("access", "refresh"):
        raise InvalidToken
    if claims.get("iss") != ISSUER or claims.get("aud") != AUDIENCE:
        raise InvalidToken
    assert isinstance(session_id, int)
    assert isinstance(expires_at, int)
    return Claims(kind, int(subject), session_id, jti, expires_at * SECOND)
