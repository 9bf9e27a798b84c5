"""Rate limits: announced in headers, then 429, for one user or one address, and for no other.

The limits do not use SQL, so one database is enough. Most tests send one request that counts as many.
"""

from http import HTTPStatus

import pytest

from api.client import PASSWORD, Answer, Chat, Person
from api.conftest import MakeChat, on_one_database
from minichat.api.policy import EXPORTS, PUBLIC_REQUESTS, READS, UNAUTHENTICATED, UPLOADS, WRITES

pytestmark = on_one_database

ME = "/api/auth/me/"
PROFILE = "/api/auth/profile/"
AVATAR = "/api/auth/profile/avatar/"
LOGIN = "/api/auth/login/"
LOGOUT = "/api/auth/logout/"


@pytest.fixture
def chat(make_chat: MakeChat) -> Chat:
    chat = make_chat(MINICHAT_RATE_LIMITS="on", MINICHAT_TRUSTED_PROXIES="1")
    chat.clock.now += 60_000 - chat.clock.now % 60_000  # a minute begins
    return chat


def from_(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


def as_(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


def rate_limit_of(answer: Answer) -> tuple[int, int, int]:
    """Return the limit in an answer's headers, the remaining requests, and the next window's start in Unix seconds."""
    limit, remaining, reset = (int(answer.headers[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset"))
    return limit, remaining, reset


def test_every_answer_says_how_many_requests_are_left(chat: Chat) -> None:
    ann = chat.person("ann")
    resets_at = chat.clock.now // 1_000 + 60
    assert rate_limit_of(ann.gets(ME)) == (READS.max_requests, READS.max_requests - 1, resets_at)
    chat.clock.now += 59_999
    assert rate_limit_of(ann.gets(ME)) == (READS.max_requests, READS.max_requests - 2, resets_at)
    assert rate_limit_of(ann.patches(PROFILE, first_name="Ann")) == (
        WRITES.max_requests,
        WRITES.max_requests - 1,
        resets_at,
    )
    chat.clock.now += 1
    assert rate_limit_of(ann.gets(ME)) == (READS.max_requests, READS.max_requests - 1, resets_at + 60)


def test_a_user_over_the_limit_waits_for_the_next_minute_and_others_do_not(chat: Chat) -> None:
    ann, bob = chat.people("ann", "bob")
    chat.clock.now += 30_500
    chat.often(READS.max_requests - 1, "GET", ME, headers=as_(ann))
    last = ann.gets(ME)
    assert (last.status, rate_limit_of(last)[1]) == (200, 0)

    refused = ann.gets(ME)
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (429, "too_many_requests", "30")
    assert rate_limit_of(refused)[1] == 0
    assert ann.patches(PROFILE, first_name="Ann").status == 200  # writes have a separate limit
    assert bob.gets(ME).status == 200

    chat.clock.now += int(refused.headers["Retry-After"]) * 1_000
    assert ann.gets(ME).status == 200


def test_a_refused_write_changes_nothing(chat: Chat) -> None:
    ann = chat.person("ann")
    chat.often(WRITES.max_requests, "PATCH", PROFILE, headers=as_(ann), json={"first_name": "Ann"})
    refused = ann.patches(PROFILE, first_name="Eve")
    assert (refused.status, refused.code) == (429, "too_many_requests")
    assert ann.gets(ME).body["first_name"] == "Ann"


def test_a_refusal_is_translated_and_readable_for_other_origins(chat: Chat) -> None:
    ann = chat.person("ann")
    chat.often(READS.max_requests, "GET", ME, headers=as_(ann))
    headers = {"Accept-Language": "ru", "Origin": "http://localhost:3000", "X-Request-ID": "mine"}
    refused = ann.sends("GET", ME, headers=headers)
    assert refused.body["detail"] == "Слишком много запросов. Подождите немного."
    assert refused.body["title"] == HTTPStatus(429).phrase
    assert refused.headers["X-Request-ID"] == "mine"
    assert refused.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    exposed = set(refused.headers["Access-Control-Expose-Headers"].split(", "))
    assert {"Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} <= exposed


def test_all_sessions_of_a_user_count_together(chat: Chat) -> None:
    ann = chat.person("ann")
    laptop = ann.logs_in()
    chat.often(READS.max_requests, "GET", ME, headers=as_(ann))
    assert laptop.gets(ME).status == 429


def test_a_limit_counts_users_and_not_their_addresses(chat: Chat) -> None:
    ann, bob = chat.people("ann", "bob")
    chat.often(READS.max_requests, "GET", ME, headers=as_(ann) | from_("203.0.113.5"))
    assert bob.sends("GET", ME, headers=from_("203.0.113.5")).status == 200
    assert ann.sends("GET", ME, headers=from_("203.0.113.6")).status == 429


@pytest.mark.parametrize(
    ("method", "path", "token"),
    [
        ("GET", ME, None),
        ("GET", ME, "forged"),
        ("GET", "/no/such/page", None),
        ("PUT", LOGIN, None),
        ("POST", LOGOUT, "forged"),
        ("PUT", AVATAR, "forged"),
    ],
)
def test_a_request_without_a_valid_token_counts_for_its_address(
    chat: Chat, method: str, path: str, token: str | None
) -> None:
    ann = chat.person("ann")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    chat.often(UNAUTHENTICATED.max_requests, method, path, headers=headers | from_("203.0.113.5"))
    assert chat.anyone.sends("GET", ME, headers=from_("203.0.113.5")).status == 429
    assert chat.anyone.sends("GET", ME, headers=from_("203.0.113.6")).status == 401
    assert ann.sends("GET", ME, headers=from_("203.0.113.5")).status == 200


def test_a_public_request_counts_for_its_address(chat: Chat) -> None:
    chat.often(PUBLIC_REQUESTS.max_requests, "POST", LOGIN, headers=from_("203.0.113.5"))
    body = {"username": "ann", "password": PASSWORD}
    for path in (LOGIN, "/api/auth/register/"):
        assert chat.anyone.sends("POST", path, json=body, headers=from_("203.0.113.5")).status == 429
    assert chat.anyone.sends("POST", LOGIN, json=body, headers=from_("203.0.113.6")).status == 401


def test_forged_tokens_do_not_stop_the_log_in_of_a_neighbour(chat: Chat) -> None:
    chat.person("ann")
    chat.often(
        UNAUTHENTICATED.max_requests + 1, "GET", ME, headers={"Authorization": "Bearer forged"} | from_("203.0.113.5")
    )
    body = {"username": "ann", "password": PASSWORD}
    assert chat.anyone.sends("POST", LOGIN, json=body, headers=from_("203.0.113.5")).status == 200


def test_a_flood_from_an_address_does_not_stop_a_refresh_from_there(chat: Chat) -> None:
    ann = chat.person("ann")
    chat.often(UNAUTHENTICATED.max_requests + 1, "GET", ME)
    chat.often(PUBLIC_REQUESTS.max_requests + 1, "POST", LOGIN)
    answer = ann.refreshes()
    assert answer.status == 200
    assert "X-RateLimit-Limit" not in answer.headers


def test_logging_out_counts_for_its_user(chat: Chat) -> None:
    ann = chat.person("ann")
    laptop, phone = ann.logs_in(), ann.logs_in()
    chat.often(UNAUTHENTICATED.max_requests + 1, "GET", ME)
    chat.often(PUBLIC_REQUESTS.max_requests + 1, "POST", LOGIN)
    for left in (1, 2):  # the second time, the session has ended already
        answer = phone.posts(LOGOUT)
        assert (answer.status, *rate_limit_of(answer)[:2]) == (200, WRITES.max_requests, WRITES.max_requests - left)
    assert phone.gets(ME).status == 429  # without a session, the address's limit counts
    assert laptop.gets(ME).status == 200


def test_a_token_of_an_ended_session_counts_for_the_address(chat: Chat) -> None:
    ann = chat.person("ann")
    thief = as_(ann)
    laptop = ann.logs_in()
    ann.posts(LOGOUT)
    chat.often(UNAUTHENTICATED.max_requests, "GET", ME, headers=thief | from_("203.0.113.5"))
    assert chat.anyone.sends("GET", ME, headers=from_("203.0.113.5")).status == 429
    assert rate_limit_of(laptop.gets(ME))[1] == READS.max_requests - 1


def test_the_ipv6_addresses_of_one_customer_count_as_one(chat: Chat) -> None:
    chat.often(UNAUTHENTICATED.max_requests, "GET", ME, headers=from_("2001:db8:1:2::1"))
    assert chat.anyone.sends("GET", ME, headers=from_("2001:db8:1:2:ffff::9")).status == 429
    assert chat.anyone.sends("GET", ME, headers=from_("2001:db8:1:3::1")).status == 401


def test_picture_uploads_have_a_separate_limit(chat: Chat) -> None:
    ann = chat.person("ann")
    chat.often(UPLOADS.max_requests, "PUT", AVATAR, headers=as_(ann))
    assert ann.sends("PUT", AVATAR).status == 429
    assert ann.patches(PROFILE, first_name="Ann").status == 200


def test_exports_have_a_limit_per_hour(chat: Chat) -> None:
    ann = chat.person("ann")
    chat.often(EXPORTS.max_requests, "GET", "/api/auth/me/export/", headers=as_(ann))
    refused = ann.gets("/api/auth/me/export/")
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 60
    assert ann.gets(ME).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/avatars/1-A.svg", "/api/", "/", "/api/assets/docs.js"])
def test_health_and_documentation_have_no_limit(chat: Chat, path: str) -> None:
    chat.often(UNAUTHENTICATED.max_requests, "GET", ME)
    answer = chat.anyone.gets(path)
    assert answer.status < 400
    assert "X-RateLimit-Limit" not in answer.headers


def test_a_preflight_does_not_count(chat: Chat) -> None:
    preflight = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"}
    chat.often(UNAUTHENTICATED.max_requests + 1, "OPTIONS", ME, headers=preflight)
    assert rate_limit_of(chat.anyone.gets(ME))[1] == UNAUTHENTICATED.max_requests - 1


def test_nothing_is_counted_with_limits_off(make_chat: MakeChat) -> None:
    chat = make_chat(MINICHAT_RATE_LIMITS="off")
    chat.often(UNAUTHENTICATED.max_requests, "GET", ME)
    answer = chat.anyone.gets(ME)
    assert answer.status == 401
    assert "X-RateLimit-Limit" not in answer.headers


def test_readiness_does_not_mention_redis_without_one(chat: Chat) -> None:
    assert chat.anyone.gets("/readyz").body == {"status": "ok"}
