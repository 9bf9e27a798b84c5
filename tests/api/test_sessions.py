"""The life of a session: refresh rotation, reuse, log-out; every request checks that its session still lives."""

import base64
import hmac
import itertools
import json
import logging
import string
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

from api.client import PASSWORD, Answer, Chat, Person
from api.conftest import SECRET, MakeChat, on_each_database, on_one_database
from api.routes import PUBLIC, ROUTES, TAKING_TICKETS, Route
from minichat.adapters.memory import PlainPasswords
from minichat.api.times import rfc3339
from minichat.app import create_app
from minichat.wiring import derived_key, services_on
from settings import settings_from

HOUR = 3_600
DAY = 86_400
PROTECTED = "/api/auth/me/"
Ask = Callable[..., Answer]
KEY = derived_key(SECRET, "tokens").hex()
"""The app's signing key. A forger who has it must still get everything else right."""


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


class TestRefreshing:
    def test_a_refresh_returns_a_new_pair_that_works(self, chat: Chat) -> None:
        ann = chat.person("ann")
        first = ann.refresh
        answer = ann.refreshes()
        assert answer.status == 200
        assert set(answer.body) == {"access", "refresh"}
        assert answer.body["refresh"] != first
        assert ann.is_logged_in
        assert ann.refreshes().status == 200

    def test_answers_with_tokens_are_not_cached(self, chat: Chat) -> None:
        ann = chat.person("ann")
        assert ann.refreshes().headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("seconds", [0, 1, 29])
    def test_the_same_token_again_within_30_s_gets_the_same_successor(self, chat: Chat, seconds: int) -> None:
        ann = chat.person("ann")
        first = ann.refresh
        successor = ann.refreshes().body["refresh"]
        chat.clock.advance(seconds)
        again = ann.refreshes(first)
        assert (again.status, again.body["refresh"]) == (200, successor)
        assert ann.is_logged_in

    def test_a_reuse_after_30_s_is_theft_and_ends_the_session(
        self, chat: Chat, caplog: pytest.LogCaptureFixture
    ) -> None:
        ann = chat.person("ann")
        other = ann.logs_in()
        first = ann.refresh
        ann.refreshes()
        chat.clock.advance(30)
        with caplog.at_level(logging.WARNING):
            answer = ann.refreshes(first)
        assert (answer.status, answer.code) == (401, "token_reused")
        assert "reused" in caplog.text
        assert first not in caplog.text
        assert not ann.is_logged_in
        assert ann.gets(PROTECTED).code == "session_ended"
        assert ann.refreshes().code == "session_ended"
        assert other.is_logged_in

    def test_the_grace_ends_when_the_successor_is_used(self, chat: Chat) -> None:
        ann = chat.person("ann")
        first = ann.refresh
        ann.refreshes()
        ann.refreshes()
        assert ann.refreshes(first).code == "token_reused"
        assert not ann.is_logged_in

    def test_the_grace_covers_the_parent_only(self, chat: Chat) -> None:
        ann = chat.person("ann")
        chain = [ann.refresh]
        chain += [ann.refreshes().body["refresh"] for _ in range(3)]
        assert ann.refreshes(chain[2]).body["refresh"] == chain[3]
        assert ann.refreshes(chain[1]).code == "token_reused"

    def test_a_grace_period_of_0_is_strict(self, make_chat: MakeChat) -> None:
        chat = make_chat(MINICHAT_REFRESH_GRACE="0")
        ann = chat.person("ann")
        first = ann.refresh
        ann.refreshes()
        assert ann.refreshes(first).code == "token_reused"
        assert not ann.is_logged_in

    def test_the_end_by_reuse_is_committed_before_the_answer(self, chat: Chat) -> None:
        ann = chat.person("ann")
        first = ann.refresh
        ann.refreshes()
        chat.clock.advance(31)
        ann.refreshes(first)
        (ended_at,) = chat.sql("SELECT ended_at FROM session").fetchone()
        assert ended_at == chat.clock.now

    def test_only_hashes_of_tokens_are_stored(self, chat: Chat) -> None:
        ann = chat.person("ann")
        secrets = [ann.refresh, claims_of(ann.refresh)["jti"]]
        ann.refreshes()
        secrets += [ann.refresh, ann.token, claims_of(ann.refresh)["jti"], claims_of(ann.token)["jti"]]
        stored = repr(chat.dump(without=()))
        assert not [secret for secret in secrets if secret in stored]

    def test_a_refresh_token_lives_for_7_days(self, chat: Chat) -> None:
        ann = chat.person("ann")
        chat.clock.advance(7 * DAY - 1)
        assert ann.refreshes().status == 200
        chat.clock.advance(7 * DAY)
        assert ann.refreshes().code == "token_expired"

    def test_a_session_lives_for_30_days_however_often_it_is_refreshed(self, chat: Chat) -> None:
        ann = chat.person("ann")
        for _ in range(5):
            chat.clock.advance(6 * DAY - 1)
            assert ann.refreshes().status == 200
        assert claims_of(ann.refresh)["exp"] == claims_of(ann.token)["exp"] == (chat.clock.now // 1000 + 5)
        chat.clock.advance(5)
        assert (ann.gets(PROTECTED).status, ann.refreshes().status) == (401, 401)

    def test_an_access_token_lives_for_an_hour(self, chat: Chat) -> None:
        ann = chat.person("ann")
        chat.clock.advance(HOUR - 1)
        assert ann.is_logged_in
        chat.clock.advance(1)
        answer = ann.gets(PROTECTED)
        assert (answer.status, answer.code) == (401, "token_expired")
        assert ann.refreshes().status == 200
        assert ann.is_logged_in

    def test_lifetimes_are_settings(self, make_chat: MakeChat) -> None:
        chat = make_chat(MINICHAT_ACCESS_TTL="60", MINICHAT_REFRESH_TTL="120", MINICHAT_SESSION_TTL="150")
        ann = chat.person("ann")
        chat.clock.advance(60)
        assert ann.gets(PROTECTED).code == "token_expired"
        assert ann.refreshes().status == 200
        chat.clock.advance(90)
        assert ann.refreshes().status == 401

    def test_a_refresh_token_of_another_session_is_refused(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        bobs = bob.refresh
        assert ann.posts("/api/auth/token/refresh/", refresh=bobs).status == 200
        assert bob.is_logged_in
        assert ann.is_logged_in

    def test_a_refresh_ignores_an_expired_access_token(self, chat: Chat) -> None:
        ann = chat.person("ann")
        chat.clock.advance(2 * HOUR)
        assert ann.posts("/api/auth/token/refresh/", refresh=ann.refresh).status == 200


class TestLoggingOut:
    def test_a_log_out_ends_the_session_at_once(self, chat: Chat) -> None:
        ann = chat.person("ann")
        phone = ann.logs_in()
        assert ann.is_logged_in
        answer = ann.posts("/api/auth/logout/", refresh=ann.refresh)
        assert (answer.status, set(answer.body)) == (200, {"message"})
        assert ann.gets(PROTECTED).code == "session_ended"
        assert ann.refreshes().code == "session_ended"
        assert phone.is_logged_in

    @pytest.mark.parametrize("form", [{"json": {}}, {}, {"data": b"", "content_type": "application/json"}])
    def test_a_log_out_needs_no_refresh_token(self, chat: Chat, form: dict[str, Any]) -> None:
        ann = chat.person("ann")
        assert ann.sends("POST", "/api/auth/logout/", **form).status == 200
        assert not ann.is_logged_in

    def test_a_second_log_out_is_200_too(self, chat: Chat) -> None:
        ann = chat.person("ann")
        answers = [ann.posts("/api/auth/logout/", refresh=ann.refresh) for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 200]

    def test_the_session_of_the_refresh_token_ends_too(self, chat: Chat) -> None:
        ann = chat.person("ann")
        phone = ann.logs_in()
        assert ann.posts("/api/auth/logout/", refresh=phone.refresh).status == 200
        assert not ann.is_logged_in
        assert not phone.is_logged_in

    def test_a_log_out_accepts_an_expired_refresh_token(self, make_chat: MakeChat) -> None:
        chat = make_chat(MINICHAT_REFRESH_TTL="60")
        ann = chat.person("ann")
        chat.clock.advance(120)
        assert ann.posts("/api/auth/logout/", refresh=ann.refresh).status == 200

    def test_tokens_of_two_users_end_the_sessions_of_both(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        assert ann.posts("/api/auth/logout/", refresh=bob.refresh).status == 200
        assert not bob.is_logged_in
        assert not ann.is_logged_in

    def test_an_expired_access_token_ends_no_session(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        old = ann.token
        chat.clock.advance(2 * HOUR)
        bob.token = old
        assert bob.posts("/api/auth/logout/", refresh=bob.refresh).status == 200
        assert ann.refreshes().status == 200

    @pytest.mark.parametrize("token", [None, "garbage", "expired", "of a changed key"])
    def test_a_refresh_token_is_enough_to_log_out(self, chat: Chat, token: str | None) -> None:
        ann = chat.person("ann")
        access = ann.token
        if token == "expired":
            chat.clock.advance(2 * HOUR)
            ann.logs_in()
        else:
            ann.token = token  # type: ignore[assignment]
        for _ in range(2):
            answer = ann.posts("/api/auth/logout/", refresh=ann.refresh)
            assert (answer.status, set(answer.body)) == (200, {"message"})
        assert ann.refreshes().code == "session_ended"
        ann.token = access
        assert not ann.is_logged_in

    def test_a_used_refresh_token_is_enough_to_log_out(self, chat: Chat) -> None:
        ann = chat.person("ann")
        used = ann.refresh
        ann.refreshes()
        assert chat.anyone.posts("/api/auth/logout/", refresh=used).status == 200
        assert not ann.is_logged_in

    @pytest.mark.parametrize(
        ("token", "code"), [(None, "not_authenticated"), ("garbage", "token_invalid"), ("refresh", "token_invalid")]
    )
    def test_a_log_out_without_a_genuine_token_is_401(self, chat: Chat, token: str | None, code: str) -> None:
        ann = chat.person("ann")
        ann.token = ann.refresh if token == "refresh" else token  # type: ignore[assignment]
        answer = ann.posts("/api/auth/logout/")
        assert (answer.status, answer.code) == (401, code)
        assert ann.refreshes().status == 200

    @pytest.mark.parametrize("form", [{}, {"refresh": None}], ids=str)
    def test_an_expired_access_token_alone_is_401(self, chat: Chat, form: dict[str, Any]) -> None:
        ann = chat.person("ann")
        chat.clock.advance(2 * HOUR)
        answer = ann.posts("/api/auth/logout/", **form)
        assert (answer.status, answer.code) == (401, "token_expired")
        assert ann.refreshes().status == 200

    @pytest.mark.parametrize("is_sending_access", [False, True])
    def test_expired_tokens_alone_are_401(self, make_chat: MakeChat, is_sending_access: bool) -> None:
        chat = make_chat(MINICHAT_REFRESH_TTL="60")
        ann = chat.person("ann")
        chat.clock.advance(2 * HOUR)
        sender = ann if is_sending_access else chat.anyone
        answer = sender.posts("/api/auth/logout/", refresh=ann.refresh)
        assert (answer.status, answer.code) == (401, "token_expired")

    @pytest.mark.parametrize("refresh", ["", "garbage", "a.b.c"])
    def test_a_forged_refresh_token_is_401_and_ends_nothing(self, chat: Chat, refresh: str) -> None:
        ann = chat.person("ann")
        assert ann.posts("/api/auth/logout/", refresh=refresh).status == 401
        assert ann.is_logged_in

    def test_an_access_token_is_no_refresh_token(self, chat: Chat) -> None:
        ann = chat.person("ann")
        assert ann.posts("/api/auth/logout/", refresh=ann.token).code == "token_invalid"


class TestDisabledAccounts:
    @pytest.mark.parametrize("change", ['UPDATE "user" SET is_active = FALSE', "UPDATE session SET ended_at = 1"])
    def test_a_disabled_account_is_out_at_once(self, chat: Chat, change: str) -> None:
        ann = chat.person("ann")
        assert ann.is_logged_in
        chat.sql(change)
        assert (ann.gets(PROTECTED).status, ann.refreshes().status) == (401, 401)
        assert ann.gets(PROTECTED).code == "session_ended"

    def test_a_disabled_account_cannot_log_in(self, chat: Chat) -> None:
        chat.person("ann")
        chat.sql('UPDATE "user" SET is_active = FALSE')
        answer = chat.anyone.posts("/api/auth/login/", username="ann", password=PASSWORD)
        assert (answer.status, answer.code) == (401, "invalid_credentials")


def forged(token: str, *, header: dict[str, Any] | None = None, drop: str = "", **claims: Any) -> str:
    """A token signed with the app's own key, changed in its claims or its header."""
    payload = {name: value for name, value in {**claims_of(token), **claims}.items() if name != drop}
    return signed(json.dumps({"alg": "HS256", "typ": "JWT", **(header or {})}, separators=(",", ":")), payload)


def signed(header: str, payload: object) -> str:
    """A token signed with the app's own key, of any header and payload."""
    text = f"{encoded(header.encode())}.{encoded(payload)}"
    return f"{text}.{encoded(hmac.digest(KEY.encode(), text.encode(), 'sha256'))}"


def encoded(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann")


@on_one_database
class TestForgedTokens:
    """A protected route and the refresh both refuse these tokens: 401 with a code, never 500."""

    def refused(self, ann: Person, token: str, *, refresh: str | None = None, code: str = "token_invalid") -> Answer:
        authorization = {"Authorization": f"Bearer {token}"}
        answer = ann.sends("GET", PROTECTED, headers=authorization)
        second = ann.posts("/api/auth/token/refresh/", refresh=token if refresh is None else refresh)
        for one in (answer, second):
            assert (one.status, one.code) == (401, code), one
            assert one.headers["WWW-Authenticate"] == "Bearer"
        assert ann.is_logged_in
        return answer

    def test_the_unchanged_token_is_accepted(self, ann: Person) -> None:
        assert ann.sends("GET", PROTECTED, headers={"Authorization": f"Bearer {forged(ann.token)}"}).status == 200

    @pytest.mark.parametrize(
        "authorization",
        ["", "Bearer", "Bearer ", "Basic YW5uOng=", "Token x", "bearer", "Bearer\t", "x" * 5000],
        ids=lambda text: repr(text[:20]),
    )
    def test_a_header_without_a_token_is_refused(self, ann: Person, authorization: str) -> None:
        answer = ann.sends("GET", PROTECTED, headers={"Authorization": authorization})
        assert (answer.status, answer.code) == (401, "not_authenticated")

    def test_a_request_without_the_header_is_refused(self, chat: Chat) -> None:
        answer = chat.anyone.gets(PROTECTED)
        assert (answer.status, answer.code) == (401, "not_authenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    @pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
    def test_the_scheme_is_case_insensitive(self, ann: Person, scheme: str) -> None:
        assert ann.sends("GET", PROTECTED, headers={"Authorization": f"{scheme} {ann.token}"}).status == 200

    @pytest.mark.parametrize(
        "token",
        [
            "garbage",
            "a.b.c",
            "..",
            "a.b",
            "....",
            "é.é.é",
            "null",
            "x" * 3000,
            "{}.{}.{}",
            "eyJhbGciOiJIUzI1NiJ9.e30.AA",
        ],
        ids=lambda text: ascii(text[:20]),
    )
    def test_a_malformed_token_is_refused(self, ann: Person, token: str) -> None:
        self.refused(ann, token)
        logout = ann.sends("POST", "/api/auth/logout/", headers={"Authorization": f"Bearer {token}"})
        assert (logout.status, logout.code) == (401, "token_invalid")

    @pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
    @pytest.mark.parametrize("signature", ["", "AA"])
    def test_a_token_without_a_signature_is_refused(self, ann: Person, algorithm: str, signature: str) -> None:
        header, payload, _ = ann.token.split(".")
        self.refused(ann, f"{encoded({'alg': algorithm, 'typ': 'JWT'})}.{payload}.{signature}")
        self.refused(ann, f"{header}.{payload}.{signature}")
        self.refused(ann, f"{header}.{payload}")

    def test_a_token_of_another_secret_is_refused(self, ann: Person) -> None:
        for secret in ("another secret that is long enough!!", "k8Jq2mWz7Rt5Yx1Nc4Vb9Lp3Hs6Gd0Fa"):
            self.refused(ann, jwt.encode(claims_of(ann.token), secret, "HS256"))

    @pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
    def test_a_token_of_another_algorithm_is_refused(self, ann: Person, algorithm: str) -> None:
        self.refused(ann, jwt.encode(claims_of(ann.token), KEY * 2, algorithm))
        self.refused(ann, jwt.encode(claims_of(ann.token), KEY, algorithm))

    @pytest.mark.parametrize(
        "header",
        [
            {"kid": "1"},
            {"kid": "../../dev/null"},
            {"jku": "https://evil.example/keys"},
            {"jwk": {"kty": "oct", "k": "AA"}},
            {"x5u": "https://evil.example/"},
            {"crit": ["b64"], "b64": True},
            {"typ": "at+jwt"},
            {"cty": "JWT"},
        ],
        ids=lambda header: next(iter(header)),
    )
    def test_a_token_with_another_header_is_refused(self, ann: Person, header: dict[str, Any]) -> None:
        self.refused(ann, forged(ann.token, header=header), refresh=forged(ann.refresh, header=header))

    def test_a_token_with_its_header_in_another_spelling_is_refused(self, ann: Person) -> None:
        for header in ('{"typ":"JWT","alg":"HS256"}', '{"alg": "HS256", "typ": "JWT"}', '{"alg":"HS256"}'):
            self.refused(ann, signed(header, claims_of(ann.token)))

    def test_a_token_with_its_claims_in_another_spelling_is_refused(self, ann: Person) -> None:
        header, claims = '{"alg":"HS256","typ":"JWT"}', json.dumps(claims_of(ann.token), separators=(",", ":"))
        assert signed(header, claims.encode()) == ann.token
        for other in (
            claims[:-1] + ',"sub":"1"}',
            '{"sub":"2",' + claims[1:],
            claims.replace(",", ", "),
            f"{claims}\n",
            claims.replace('"sub"', '"\\u0073ub"'),
        ):
            assert json.loads(other) == claims_of(ann.token)
            self.refused(ann, signed(header, other.encode()))

    def test_a_token_with_its_signature_in_another_spelling_is_refused(self, ann: Person) -> None:
        text, _, signature = ann.token.rpartition(".")
        alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
        last = alphabet.index(signature[-1])  # it encodes four of its six bits
        for other in (
            signature + "=",
            signature + "==",
            f"{signature[:9]}*{signature[9:]}",
            f"{signature[:9]}\n{signature[9:]}",
            signature[:-1] + alphabet[last ^ 1],
            signature.replace("-", "+").replace("_", "/") + "+",
        ):
            assert base64.urlsafe_b64decode(other + "==")[:32] == base64.urlsafe_b64decode(signature + "=")
            self.refused(ann, f"{text}.{other}".replace("\n", "\t"), refresh=f"{text}.{other}")

    @pytest.mark.parametrize("change", ["{0} {1}", "{0},{1}", "{0}, Bearer {0}", "{0}; {0}", '"{0}"', "<{0}>"])
    def test_a_token_with_text_beside_it_is_refused(self, ann: Person, change: str) -> None:
        self.refused(ann, change.format(ann.token, ann.refresh), refresh=change.format(ann.refresh, ann.token))

    def test_a_refresh_token_with_white_space_is_refused(self, ann: Person) -> None:
        for spaced in (f" {ann.refresh}", f"{ann.refresh}\n", ann.refresh.replace(".", ". "), f"Bearer {ann.refresh}"):
            answer = ann.posts("/api/auth/token/refresh/", refresh=spaced)
            assert (answer.status, answer.code) == (401, "token_invalid")

    def test_a_forged_token_beside_a_genuine_one_is_refused(self, ann: Person) -> None:
        """WSGI servers join two `Authorization` headers into one. Neither token is accepted."""
        for tokens in ((ann.token, "garbage"), ("garbage", ann.token), (ann.token, ann.token)):
            headers = {"Authorization": ",".join(f"Bearer {token}" for token in tokens)}
            answer = ann.sends("GET", PROTECTED, headers=headers)
            assert (answer.status, answer.code) == (401, "token_invalid")

    @pytest.mark.parametrize("part", [0, 1, 2])
    def test_a_token_changed_in_one_place_is_refused(self, ann: Person, part: int) -> None:
        parts = ann.token.split(".")
        middle = len(parts[part]) // 2
        letter = "A" if parts[part][middle] != "A" else "B"
        parts[part] = parts[part][:middle] + letter + parts[part][middle + 1 :]
        self.refused(ann, ".".join(parts))

    def test_a_token_of_the_other_type_is_refused(self, ann: Person) -> None:
        self.refused(ann, ann.refresh, refresh=ann.token)
        self.refused(ann, forged(ann.token, type="x"), refresh=forged(ann.refresh, type="x"))
        self.refused(ann, forged(ann.token, type=["access"]), refresh=forged(ann.refresh, type={}))

    @pytest.mark.parametrize("claim", ["exp", "iat", "iss", "aud", "sub", "sid", "jti", "type"])
    def test_a_token_without_a_claim_is_refused(self, ann: Person, claim: str) -> None:
        self.refused(ann, forged(ann.token, drop=claim), refresh=forged(ann.refresh, drop=claim))

    @pytest.mark.parametrize(
        ("claim", "value"),
        [
            ("iss", "another"),
            ("iss", ["minichat"]),
            ("iss", ""),
            ("iss", None),
            ("iss", 1),
            ("iss", "Minichat"),
            ("aud", "another"),
            ("aud", ""),
            ("aud", None),
            ("aud", 1),
            ("aud", ["minichat"]),
            ("type", None),
            ("type", True),
            ("type", "ACCESS"),
            ("type", "access "),
            ("aud", ["minichat", "another"]),
            ("sub", 1),
            ("sub", ""),
            ("sub", "0"),
            ("sub", "-1"),
            ("sub", "01"),
            ("sub", "+1"),
            ("sub", "1" * 17),
            ("sub", ["1"]),
            ("sub", "1.0"),
            ("sub", " 1"),
            ("sub", "١"),
            ("sub", "9" * 400),
            ("sub", "ann"),
            ("sub", None),
            ("sub", {"id": 1}),
            ("sid", "1"),
            ("sid", 0),
            ("sid", -1),
            ("sid", 1.0),
            ("sid", True),
            ("sid", 2**63),
            ("sid", 10**400),
            ("sid", [1]),
            ("sid", None),
            ("jti", ""),
            ("jti", 1),
            ("jti", None),
            ("jti", ["x"]),
            ("exp", 0),
            ("exp", -1),
            ("exp", [1]),
            ("exp", "9999999999"),
            ("exp", 9999999999.5),
            ("exp", 10**400),
            ("exp", True),
            ("exp", None),
            ("iat", "x"),
            ("iat", 0),
            ("iat", -1),
            ("iat", 1.5),
            ("iat", "1736155800"),
            ("iat", 10**400),
            ("iat", None),
            ("iat", True),
            ("nbf", 99_999_999_999),
            ("nbf", "x"),
        ],
        ids=lambda value: ascii(value)[:24],
    )
    def test_a_token_with_a_wrong_claim_is_refused(self, ann: Person, claim: str, value: Any) -> None:
        self.refused(ann, forged(ann.token, **{claim: value}), refresh=forged(ann.refresh, **{claim: value}))

    @on_each_database
    @pytest.mark.parametrize(
        ("claim", "value", "code"),
        [("exp", 1, "token_expired"), ("sid", 99, "session_ended"), ("sub", "2", "session_ended")],
    )
    def test_a_token_without_a_live_session_is_refused(self, ann: Person, claim: str, value: object, code: str) -> None:
        ours: dict[str, Any] = {claim: value}
        self.refused(ann, forged(ann.token, **ours), refresh=forged(ann.refresh, **ours), code=code)

    def test_a_token_whose_payload_is_no_object_is_refused(self, ann: Person) -> None:
        for payload in (b"[]", b"1", b'"x"', b"null", b"", b"\xff", b"[" * 900, b'{"a":NaN}'):
            self.refused(ann, signed('{"alg":"HS256","typ":"JWT"}', payload))

    def test_a_token_of_another_instance_is_refused(self, ann: Person, make_chat: MakeChat) -> None:
        other = make_chat(MINICHAT_SECRET_KEY="another Secret 4 the instance: 9f8e7d6c")
        stranger = other.person("ann")
        self.refused(ann, stranger.token, refresh=stranger.refresh)

    def test_a_token_in_the_url_is_ignored(self, ann: Person) -> None:
        token, ann.token = ann.token, None  # type: ignore[assignment]
        for name in ("token", "access_token", "jwt", "access", "Authorization", "ticket"):
            assert ann.gets(PROTECTED, **{name: token}).status == 401

    def test_a_token_in_a_cookie_or_body_is_ignored(self, ann: Person) -> None:
        token, ann.token = ann.token, None  # type: ignore[assignment]
        cookie = {"Cookie": f"access_token_cookie={token}; token={token}"}
        assert ann.sends("GET", PROTECTED, headers=cookie).status == 401
        assert ann.sends("GET", PROTECTED, json={"access": token, "access_token": token}).status == 401


@pytest.mark.parametrize("ahead", [5, 33, HOUR, 2 * HOUR, 3 * DAY])
def test_tokens_of_a_clock_that_was_ahead_are_accepted_after_its_correction(chat: Chat, ahead: int) -> None:
    """`iat` may be in the future (T11), by any clock: also by that of this process, which PyJWT would compare with."""
    now = time.time_ns() // 1_000_000
    chat.clock.now = now + ahead * 1_000
    ann, bob = chat.people("ann", "bob")
    assert ann.is_logged_in
    ann.refreshes()
    chat.clock.now = now
    assert ann.is_logged_in
    assert bob.is_logged_in
    assert ann.refreshes().status == 200
    assert ann.is_logged_in


@pytest.mark.parametrize("is_used_before", [True, False])
def test_an_access_token_of_a_fast_clock_lives_no_longer_than_others(chat: Chat, is_used_before: bool) -> None:
    chat.clock.advance(2 * HOUR)
    ann = chat.person("ann")
    if is_used_before:
        assert ann.is_logged_in
    chat.clock.advance(-2 * HOUR)
    assert ann.is_logged_in
    chat.clock.advance(HOUR - 1)
    assert ann.is_logged_in
    chat.clock.advance(1)
    assert ann.gets(PROTECTED).code == "token_expired"
    assert ann.refreshes().status == 200


def test_a_clock_that_falls_behind_ends_no_session(chat: Chat) -> None:
    ann = chat.person("ann")
    chat.clock.advance(-2 * HOUR)
    assert ann.is_logged_in
    assert ann.refreshes().status == 200
    assert ann.is_logged_in
    chat.clock.advance(2 * HOUR)
    assert ann.gets(PROTECTED).code == "token_expired"
    assert ann.refreshes().status == 200
    assert ann.is_logged_in


def test_the_list_of_sessions_shows_no_time_in_the_future(chat: Chat) -> None:
    chat.clock.advance(2 * HOUR)
    ann = chat.person("ann")
    chat.clock.advance(-2 * HOUR)
    ann.refreshes()
    for session in ann.gets("/api/auth/sessions/").body:
        assert session["created_at"] <= session["last_used_at"] <= rfc3339(chat.clock())


GUARDED = [route for route in ROUTES if route.path not in PUBLIC]


@on_one_database
class TestEveryRoute:
    """The rules for tokens, on every route that needs one (T10, T11, T13)."""

    @pytest.fixture
    def ask(self, chat: Chat, ann: Person) -> Ask:
        places = {"room": ann.makes_room()["id"], "other": chat.person("bob").id, "session": ann.session_id}
        places["message"] = ann.says("x", in_={"id": places["room"]})["id"]
        places |= ann.invitation_to({"id": places["room"]})

        def ask(route: Route, query: str = "", **headers: str) -> Answer:
            # With a refresh token, a log-out needs no access token: see TestLoggingOut.
            request = {} if route.path == "/api/auth/logout/" else route.request(**places, refresh=ann.refresh)
            return chat.request(route.method, route.path.format(**places) + query, headers=headers, **request)

        return ask

    @pytest.mark.parametrize("route", GUARDED, ids=str)
    def test_every_route_accepts_access_tokens_only(self, ann: Person, ask: Ask, route: Route) -> None:
        for token, code in {
            ann.refresh: "token_invalid",
            forged(ann.token, type="refresh"): "token_invalid",
            forged(ann.token, drop="type"): "token_invalid",
            forged(ann.token, aud="another"): "token_invalid",
            forged(ann.token, header={"kid": "1"}): "token_invalid",
            ann.token[:-4] + "AAAA": "token_invalid",
            ann.token.rpartition(".")[0] + ".": "token_invalid",
            forged(ann.token, exp=1): "token_expired",
            "": "not_authenticated",
        }.items():
            answer = ask(route, Authorization=f"Bearer {token}")
            assert (answer.status, answer.code) == (401, code)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert ann.is_logged_in

    @pytest.mark.parametrize("route", GUARDED, ids=str)
    def test_every_route_reads_the_token_from_the_header_only(self, ann: Person, ask: Ask, route: Route) -> None:
        cookie = f"access_token_cookie={ann.token}; token={ann.token}; Authorization=Bearer {ann.token}"
        for name in ("token", "access_token", "jwt", "Authorization", "ticket"):
            answer = ask(route, f"?{name}={ann.token}", Cookie=cookie, **{"X-Access-Token": ann.token})
            is_ticket = name == "ticket" and route in TAKING_TICKETS
            assert (answer.status, answer.code) == (401, "ticket_invalid" if is_ticket else "not_authenticated")

    @pytest.mark.parametrize("route", [route for route in GUARDED if route.path != "/api/auth/logout/"], ids=str)
    def test_every_route_checks_that_the_session_lives(self, chat: Chat, ann: Person, ask: Ask, route: Route) -> None:
        ann.posts("/api/auth/logout/")
        answer = ask(route, Authorization=f"Bearer {ann.token}")
        assert (answer.status, answer.code) == (401, "session_ended")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_no_cache_stores_an_answer_with_tokens(chat: Chat) -> None:
    ann = chat.person("ann")
    login = {"username": "ann", "password": PASSWORD}
    passwords = {"old_password": PASSWORD, "new_password": "new horse battery"}
    for answer in (
        chat.anyone.posts("/api/auth/register/", username="bob", password=PASSWORD),
        chat.anyone.posts("/api/auth/login/", **login),
        ann.refreshes(),
        ann.posts("/api/auth/change-password/", **passwords),
    ):
        assert answer.status < 300
        assert "eyJ" in answer.text
        assert answer.headers["Cache-Control"] == "no-store"


OLD, NEW = SECRET, "Wq7Zt3Lm9Xc5Vb1Nk8Jh4Gf2Ds6Ap0Ry"


@on_one_database
class TestSecretRotation:
    """The secret is rotated, one host after the other, and no user is logged out (`docs/operations.md`)."""

    @staticmethod
    def host(chat: Chat, root: Path, secret: str, previous: str | None = None) -> Chat:
        """Return another server of the same chat, with these secrets."""
        given = {"MINICHAT_SECRET_KEY": secret, "MINICHAT_RATE_LIMITS": "off"}
        if previous is not None:
            given["MINICHAT_SECRET_KEY_PREVIOUS"] = previous
        settings = settings_from(given, root=root)
        services = services_on(chat.database, settings, clock=chat.clock, passwords=PlainPasswords())
        app = create_app(settings, database=chat.database, services=services, clock=chat.clock)
        return Chat(app, chat.database, chat.clock, chat.document, chat.again)

    @staticmethod
    def at(host: Chat, person: Person) -> Person:
        """Return the person with the same tokens, at another server."""
        return Person(host, person.user, {"access": person.token, "refresh": person.refresh})

    def test_tokens_of_the_old_secret_work_while_the_settings_hold_it(self, chat: Chat, tmp_path: Path) -> None:
        ann = chat.person("ann")
        rotated, done = self.host(chat, tmp_path, NEW, OLD), self.host(chat, tmp_path, NEW)
        assert self.at(rotated, ann).is_logged_in
        answer = self.at(done, ann).gets(PROTECTED)
        assert (answer.status, answer.code) == (401, "token_invalid")
        assert self.at(done, ann).refreshes().code == "token_invalid"

    def test_new_tokens_are_signed_by_the_new_secret(self, chat: Chat, tmp_path: Path) -> None:
        ann = self.at(self.host(chat, tmp_path, NEW, OLD), chat.person("ann"))
        assert ann.refreshes().status == 200
        assert self.at(self.host(chat, tmp_path, NEW), ann).is_logged_in
        assert self.at(chat, ann).gets(PROTECTED).code == "token_invalid"
        assert self.at(self.host(chat, tmp_path, NEW), ann).refreshes().status == 200

    def test_a_rotation_over_several_hosts_logs_nobody_out(self, chat: Chat, tmp_path: Path) -> None:
        ann, known = chat.person("ann"), [(OLD, None), (OLD, NEW), (NEW, OLD), (NEW, None)]
        hosts = [self.host(chat, tmp_path, *secrets) for secrets in known]
        for before, after in itertools.pairwise(hosts):
            # Between the restarts of the two hosts, requests reach both of them.
            for one, other in ((before, after), (after, before)):
                ann = self.at(one, ann)
                used = ann.refresh
                assert ann.refreshes().status == 200
                assert self.at(other, ann).is_logged_in
                again = self.at(other, ann).refreshes(used)
                assert again.status == 200
                assert claims_of(again.body["refresh"]) == claims_of(ann.refresh)
        assert self.at(hosts[-1], ann).is_logged_in

    def test_a_token_of_neither_secret_is_refused(self, chat: Chat, tmp_path: Path) -> None:
        ann = chat.person("ann")
        host = self.host(chat, tmp_path, NEW, OLD)
        for key in ("some other key that is long enough: 1", OLD, NEW):
            token = jwt.encode(claims_of(ann.token), key, "HS256")
            answer = host.request("GET", PROTECTED, headers={"Authorization": f"Bearer {token}"})
            assert (answer.status, answer.code) == (401, "token_invalid")
