"""Too many requests: told beforehand in headers, then 429, for one user or one address and nobody else."""

from http import HTTPStatus

import pytest

from api.client import BASE, PASSWORD, Chat
from minichat.api.policy import EXPORTS, READS, REFUSED, STRANGERS, UPLOADS, WRITES

ME = "/api/auth/me/"
PROFILE = "/api/auth/profile/"
AVATAR = "/api/auth/profile/avatar/"
LOGIN = "/api/auth/login/"
LOGOUT = "/api/auth/logout/"


@pytest.fixture
def chat(make_chat):
    chat = make_chat(MINICHAT_RATE_LIMITS="on", MINICHAT_TRUSTED_PROXIES="1")
    chat.clock.now += 60_000 - chat.clock.now % 60_000  # a minute begins
    return chat


def often(chat: Chat, number: int, method: str, path: str, **kwargs) -> None:
    """Send so many requests, and pass over their answers."""
    client = chat.app.test_client(use_cookies=False)
    for _ in range(number):
        client.open(path, method=method, base_url=BASE, **kwargs)


def from_(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


def as_(person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


def standing(answer) -> tuple[int, int, int]:
    """What an answer tells: the limit, what remains, and in how many seconds it begins anew."""
    return tuple(int(answer.headers[f"X-RateLimit-{name}"]) for name in ("Limit", "Remaining", "Reset"))


def test_every_answer_tells_how_many_requests_are_left(chat):
    ann = chat.person("ann")
    resets_at = chat.clock.now // 1_000 + 60
    assert standing(ann.gets(ME)) == (READS.max_requests, READS.max_requests - 1, resets_at)
    chat.clock.now += 59_999
    assert standing(ann.gets(ME)) == (READS.max_requests, READS.max_requests - 2, resets_at)
    assert standing(ann.patches(PROFILE, first_name="Ann")) == (WRITES.max_requests, WRITES.max_requests - 1, resets_at)
    chat.clock.now += 1
    assert standing(ann.gets(ME)) == (READS.max_requests, READS.max_requests - 1, resets_at + 60)


def test_who_reads_too_much_waits_for_the_next_minute_and_nobody_else_does(chat):
    ann, bob = chat.people("ann", "bob")
    chat.clock.now += 30_500
    often(chat, READS.max_requests - 1, "GET", ME, headers=as_(ann))
    last = ann.gets(ME)
    assert (last.status, standing(last)[1]) == (200, 0)

    refused = ann.gets(ME)
    assert (refused.status, refused.code, refused.headers["Retry-After"]) == (429, "too_many_requests", "30")
    assert standing(refused)[1] == 0
    assert ann.patches(PROFILE, first_name="Ann").status == 200  # to write is another matter
    assert bob.gets(ME).status == 200

    chat.clock.now += int(refused.headers["Retry-After"]) * 1_000
    assert ann.gets(ME).status == 200


def test_a_refused_write_changes_nothing(chat):
    ann = chat.person("ann")
    often(chat, WRITES.max_requests, "PATCH", PROFILE, headers=as_(ann), json={"first_name": "Ann"})
    refused = ann.patches(PROFILE, first_name="Eve")
    assert (refused.status, refused.code) == (429, "too_many_requests")
    assert ann.gets(ME).body["first_name"] == "Ann"


def test_a_refusal_is_in_the_callers_language_and_a_page_elsewhere_may_read_it(chat):
    ann = chat.person("ann")
    often(chat, READS.max_requests, "GET", ME, headers=as_(ann))
    headers = {"Accept-Language": "ru", "Origin": "http://localhost:3000", "X-Request-ID": "mine"}
    refused = ann.sends("GET", ME, headers=headers)
    assert refused.body["detail"] == "Слишком много запросов. Подождите немного."
    assert refused.body["title"] == HTTPStatus(429).phrase
    assert refused.headers["X-Request-ID"] == "mine"
    assert refused.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    exposed = set(refused.headers["Access-Control-Expose-Headers"].split(", "))
    assert {"Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} <= exposed


def test_all_sessions_of_a_user_count_together(chat):
    ann = chat.person("ann")
    laptop = ann.logs_in()
    often(chat, READS.max_requests, "GET", ME, headers=as_(ann))
    assert laptop.gets(ME).status == 429


def test_users_at_one_address_count_apart_and_a_user_at_two_does_not(chat):
    ann, bob = chat.people("ann", "bob")
    often(chat, READS.max_requests, "GET", ME, headers=as_(ann) | from_("203.0.113.5"))
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
def test_what_is_refused_to_nobody_counts_by_address(chat, method, path, token):
    ann = chat.person("ann")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    often(chat, REFUSED.max_requests, method, path, headers=headers | from_("203.0.113.5"))
    assert chat.anyone.sends("GET", ME, headers=from_("203.0.113.5")).status == 429
    assert chat.anyone.sends("GET", ME, headers=from_("203.0.113.6")).status == 401
    assert ann.sends("GET", ME, headers=from_("203.0.113.5")).status == 200


def test_what_anybody_may_ask_for_counts_by_address(chat):
    often(chat, STRANGERS.max_requests, "POST", LOGIN, headers=from_("203.0.113.5"))
    body = {"username": "ann", "password": PASSWORD}
    for path in (LOGIN, "/api/auth/register/"):
        assert chat.anyone.sends("POST", path, json=body, headers=from_("203.0.113.5")).status == 429
    assert chat.anyone.sends("POST", LOGIN, json=body, headers=from_("203.0.113.6")).status == 401


def test_forged_tokens_keep_no_neighbour_from_logging_in(chat):
    chat.person("ann")
    often(chat, REFUSED.max_requests + 1, "GET", ME, headers={"Authorization": "Bearer forged"} | from_("203.0.113.5"))
    body = {"username": "ann", "password": PASSWORD}
    assert chat.anyone.sends("POST", LOGIN, json=body, headers=from_("203.0.113.5")).status == 200


def test_nothing_that_comes_from_an_address_keeps_its_sessions_from_going_on(chat):
    ann = chat.person("ann")
    often(chat, REFUSED.max_requests + 1, "GET", ME)
    often(chat, STRANGERS.max_requests + 1, "POST", LOGIN)
    answer = ann.refreshes()
    assert answer.status == 200
    assert "X-RateLimit-Limit" not in answer.headers


def test_logging_out_counts_for_its_user(chat):
    ann = chat.person("ann")
    laptop, phone = ann.logs_in(), ann.logs_in()
    often(chat, REFUSED.max_requests + 1, "GET", ME)
    often(chat, STRANGERS.max_requests + 1, "POST", LOGIN)
    for left in (1, 2):  # the second time, the session has ended already
        answer = phone.posts(LOGOUT)
        assert (answer.status, *standing(answer)[:2]) == (200, WRITES.max_requests, WRITES.max_requests - left)
    assert phone.gets(ME).status == 429  # nobody's token by now, and nobody has asked too often from here
    assert laptop.gets(ME).status == 200


def test_a_token_of_a_session_that_has_ended_is_nobodys(chat):
    ann = chat.person("ann")
    thief = as_(ann)
    laptop = ann.logs_in()
    ann.posts(LOGOUT)
    often(chat, REFUSED.max_requests, "GET", ME, headers=thief | from_("203.0.113.5"))
    assert chat.anyone.sends("GET", ME, headers=from_("203.0.113.5")).status == 429
    assert standing(laptop.gets(ME))[1] == READS.max_requests - 1


def test_all_addresses_of_one_customer_count_as_one(chat):
    often(chat, REFUSED.max_requests, "GET", ME, headers=from_("2001:db8:1:2::1"))
    assert chat.anyone.sends("GET", ME, headers=from_("2001:db8:1:2:ffff::9")).status == 429
    assert chat.anyone.sends("GET", ME, headers=from_("2001:db8:1:3::1")).status == 401


def test_pictures_have_a_limit_of_their_own(chat):
    ann = chat.person("ann")
    often(chat, UPLOADS.max_requests, "PUT", AVATAR, headers=as_(ann))
    assert ann.sends("PUT", AVATAR).status == 429
    assert ann.patches(PROFILE, first_name="Ann").status == 200


def test_an_export_is_to_be_had_a_few_times_an_hour(chat):
    ann = chat.person("ann")
    often(chat, EXPORTS.max_requests, "GET", "/api/auth/me/export/", headers=as_(ann))
    refused = ann.gets("/api/auth/me/export/")
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) > 60
    assert ann.gets(ME).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/avatars/1-A.svg", "/api/", "/", "/api/assets/docs.js"])
def test_some_things_may_be_asked_for_as_often_as_anybody_likes(chat, path):
    often(chat, REFUSED.max_requests, "GET", ME)
    answer = chat.anyone.gets(path)
    assert answer.status < 400
    assert "X-RateLimit-Limit" not in answer.headers


def test_a_preflight_does_not_count(chat):
    preflight = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"}
    often(chat, REFUSED.max_requests + 1, "OPTIONS", ME, headers=preflight)
    assert standing(chat.anyone.gets(ME))[1] == REFUSED.max_requests - 1


def test_with_limits_off_nothing_is_counted(make_chat):
    chat = make_chat(MINICHAT_RATE_LIMITS="off")
    often(chat, REFUSED.max_requests, "GET", ME)
    answer = chat.anyone.gets(ME)
    assert answer.status == 401
    assert "X-RateLimit-Limit" not in answer.headers


def test_without_redis_readiness_does_not_speak_of_it(chat):
    assert chat.anyone.gets("/readyz").body == {"status": "ok"}
