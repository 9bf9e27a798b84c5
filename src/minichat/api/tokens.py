"""Tokens on the wire: JSON Web Tokens, HS256 and nothing else (RFC 8725), made by flask-jwt-extended and
signed by PyJWT.

The server accepts a token only if it would write the same characters itself: one exact header, a signature by one of
the current secrets, our issuer and audience, every claim present and of its type. The domain decides whether the
session of a token is live.

A verified token is cached, because verification costs half as much (about 90 µs) as the rest of a small request (180 µs
for `GET /api/auth/me/`), and `verify_jwt_in_request` would verify it each time. This module compares times itself, with
the application's clock. A time of issue in the future counts as now: the clock was ahead and is corrected.
"""

import hmac
import json
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from flask import Flask

from minichat.domain.errors import InvalidToken, TokenExpired
from minichat.domain.model import MAX_ID, SECOND, Timestamp
from minichat.domain.ports import Clock
from minichat.domain.sessions import Grant
from minichat.lean_imports import without

with without("cryptography"):  # PyJWT loads it for signatures by public keys
    import jwt
    from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token
    from jwt.utils import base64url_decode

ISSUER = AUDIENCE = "minichat"
ALGORITHM = "HS256"
MAX_TOKEN_LENGTH = 2_048
"""In characters. No token of this server is longer."""

_ID = re.compile(rf"[1-9][0-9]{{,{len(str(MAX_ID)) - 1}}}")
_CACHED_TOKENS = 4_096
"""The maximum number of verified tokens in the cache of a worker."""


class Claims(NamedTuple):
    """The claims of a verified token."""

    kind: str
    user_id: int
    session_id: int
    jti: str
    issued_at: Timestamp
    expires_at: Timestamp


class Tokens:
    """Creates and reads the tokens of one app. The first key signs; each key verifies."""

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
        self._read = lru_cache(_CACHED_TOKENS)(self._verify)

    def pair(self, grant: Grant) -> dict[str, str]:
        """Return the tokens of a grant. The refresh token of a grant is the same each time."""
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
        if len(token) > MAX_TOKEN_LENGTH:
            raise InvalidToken
        now, found = self._clock(), self._read(token)
        if now < found.claims.issued_at:
            found.move_to(now)
        claims = found.claims
        if claims.kind != kind:
            raise InvalidToken
        if now >= claims.expires_at and not even_expired:
            raise TokenExpired
        return claims

    def _verify(self, token: str) -> "_Verified":
        # Comparing the whole header refuses every other one, such as those with `none`, `kid`, `jku` or `crit`.
        if token.partition(".")[0] != self._header:
            raise InvalidToken
        for key in self._keys:
            with suppress(jwt.InvalidSignatureError):
                return _Verified(_typed(_decoded(token, key)))
        raise InvalidToken


class _Verified:
    """A verified token in the cache of a worker."""

    __slots__ = ("claims",)

    def __init__(self, claims: Claims) -> None:
        self.claims = claims

    def move_to(self, now: Timestamp) -> None:
        """Let a token from the future count as issued now, so that it lives no longer than others."""
        ahead = self.claims.issued_at - now
        self.claims = self.claims._replace(issued_at=now, expires_at=self.claims.expires_at - ahead)


def _decoded(token: str, key: str) -> dict[str, Any]:
    """Return the claims of a token. Raises InvalidToken, or jwt.InvalidSignatureError if this key did not sign it.

    The token must be what we write for its claims, signature included. That refuses other spellings as well: base64 and
    JSON have several, such as a repeated claim.
    """
    try:
        claims: dict[str, Any] = json.loads(base64url_decode(token.split(".")[1]))
        written = jwt.encode(claims, key, ALGORITHM)
        is_genuine = hmac.compare_digest(written.encode(), token.encode())
    except (jwt.PyJWTError, ValueError, TypeError, LookupError, OverflowError, RecursionError) as error:
        raise InvalidToken from error
    if not is_genuine:
        raise jwt.InvalidSignatureError
    return claims


def _typed(claims: dict[str, Any]) -> Claims:
    """Return the claims with their types checked. Raises InvalidToken."""
    subject, session_id, jti = claims.get("sub"), claims.get("sid"), claims.get("jti")
    issued_at, expires_at, kind = claims.get("iat"), claims.get("exp"), claims.get("type")
    if not (isinstance(subject, str) and _ID.fullmatch(subject)):
        raise InvalidToken
    if not all(type(number) is int and 0 < number <= MAX_ID for number in (session_id, issued_at, expires_at)):
        raise InvalidToken
    if not (isinstance(jti, str) and jti) or kind not in ("access", "refresh"):
        raise InvalidToken
    if claims.get("iss") != ISSUER or claims.get("aud") != AUDIENCE or "nbf" in claims:
        raise InvalidToken
    assert isinstance(session_id, int)
    assert isinstance(issued_at, int)
    assert isinstance(expires_at, int)
    return Claims(kind, int(subject), session_id, jti, issued_at * SECOND, expires_at * SECOND)
