"""Password guessing over HTTP: 429 with `Retry-After`, whatever headers the client sends."""

import pytest

from api.client import PASSWORD, Answer, Chat
from api.conftest import MakeChat, on_one_database
from minichat.domain.throttling import FAILURES_PER_ACCOUNT, FAILURES_PER_ADDRESS, FREE_FAILURES

pytestmark = on_one_database  # the counts in each database: tests/contract/test_attempts_port.py

WRONG = "not the password"


@pytest.fixture
def chat(make_chat: MakeChat) -> Chat:
    """A chat behind one proxy, so that a test can send from any address."""
    return make_chat(MINICHAT_RATE_LIMITS="on", MINICHAT_TRUSTED_PROXIES="1")


def log_in(chat: Chat, password: str = WRONG, *, name: str = "ann", ip: str = "198.51.100.9") -> Answer:
    body = {"username": name, "password": password}
    return chat.anyone.sends("POST", "/api/auth/login/", json=body, headers={"X-Forwarded-For": ip})


def test_retry_after_grows_after_five_failures(chat: Chat) -> None:
    chat.person("ann")
    waits = []
    for _ in range(FREE_FAILURES):
        assert log_in(chat).code == "invalid_credentials"
    for _ in range(3):
        answer = log_in(chat)
        assert (answer.status, answer.code) == (429, "too_many_attempts")
        waits.append(int(answer.headers["Retry-After"]))
        chat.clock.advance(waits[-1])
        assert log_in(chat).status == 401
    assert waits == [1, 2, 4]


def test_the_wait_does_not_reveal_whether_a_name_exists(chat: Chat) -> None:
    chat.person("ann")
    answers = [[log_in(chat, name=name) for _ in range(FREE_FAILURES + 1)] for name in ("ann", "nobody")]
    bodies = [[{**answer.body, "request_id": ""} for answer in tries] for tries in answers]
    assert bodies[0] == bodies[1]


def test_an_owner_at_a_known_address_logs_in_despite_failures_elsewhere(chat: Chat) -> None:
    chat.person("ann")
    assert log_in(chat, PASSWORD, ip="192.0.2.1").status == 200
    for number in range(FAILURES_PER_ACCOUNT):
        assert log_in(chat, ip=f"203.0.113.{number}").status == 401
    assert log_in(chat, PASSWORD, ip="203.0.113.200").status == 429
    assert log_in(chat, PASSWORD, ip="192.0.2.1").status == 200


def test_forwarded_addresses_count_only_from_our_own_proxy(make_chat: MakeChat) -> None:
    """P2: without a proxy the client itself wrote the header; behind one, only the proxy's entry counts."""
    bare = make_chat(MINICHAT_RATE_LIMITS="on")
    bare.person("ann")
    for number in range(FREE_FAILURES):
        assert log_in(bare, ip=f"203.0.113.{number}").status == 401
    assert log_in(bare, ip="203.0.113.99").status == 429

    behind = make_chat(MINICHAT_RATE_LIMITS="on", MINICHAT_TRUSTED_PROXIES="1")
    behind.person("ann")
    for number in range(FREE_FAILURES):
        assert log_in(behind, ip=f"203.0.113.{number}, 198.51.100.9").status == 401
    assert log_in(behind, ip="203.0.113.99, 198.51.100.9").status == 429
    assert log_in(behind, ip="198.51.100.9, 203.0.113.99").status == 401


@pytest.mark.parametrize(
    "form",
    [
        "198.51.100.9:{}",
        "[2001:db8::{}]:40000",
        "::ffff:198.51.100.9:{}",
        "2001:db8::{}%eth0",
        "<script>{}",
        "999.1.1.{}",
    ],
)
def test_a_client_is_one_client_however_the_proxy_writes_its_address(chat: Chat, form: str) -> None:
    chat.person("ann")
    for number in range(FREE_FAILURES):
        assert log_in(chat, ip=form.format(number)).status == 401
    assert log_in(chat, ip=form.format(9)).status == 429


@pytest.mark.parametrize("proxies", ["0", "1"])
def test_no_other_header_sets_the_address(make_chat: MakeChat, proxies: str) -> None:
    chat = make_chat(MINICHAT_RATE_LIMITS="on", MINICHAT_TRUSTED_PROXIES=proxies)
    chat.person("ann")
    statuses = []
    for number in range(FREE_FAILURES + 1):
        claimed = f"203.0.113.{number}"
        headers = dict.fromkeys(("X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP"), claimed)
        headers |= {"Forwarded": f"for={claimed}", "X-Forwarded-For": claimed if proxies == "0" else "198.51.100.9"}
        body = {"username": "ann", "password": WRONG}
        statuses.append(chat.anyone.sends("POST", "/api/auth/login/", json=body, headers=headers).status)
    assert statuses == [401] * FREE_FAILURES + [429]


def test_a_password_check_of_a_logged_in_user_is_throttled_too(chat: Chat) -> None:
    ann = chat.person("ann")
    change = {"old_password": WRONG, "new_password": "staple battery horse"}
    for _ in range(FREE_FAILURES):
        assert ann.posts("/api/auth/change-password/", **change).errors == {"old_password": ["Wrong password."]}
    answer = ann.posts("/api/auth/change-password/", **{**change, "old_password": PASSWORD})
    assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
    chat.clock.advance(1)
    assert ann.posts("/api/auth/change-password/", **{**change, "old_password": PASSWORD}).status == 200


def test_forged_refresh_tokens_do_not_stop_a_valid_one_from_their_address(chat: Chat) -> None:
    ann = chat.person("ann")
    forged = {"refresh": f"{ann.refresh[:-4]}AAAA"}
    for _ in range(FAILURES_PER_ADDRESS):
        assert chat.anyone.posts("/api/auth/token/refresh/", **forged).code == "token_invalid"
    answer = chat.anyone.posts("/api/auth/token/refresh/", **forged)
    assert (answer.status, answer.code) == (429, "too_many_attempts")
    assert ann.refreshes().status == 200


def test_a_refusal_is_in_the_language_of_the_caller(chat: Chat) -> None:
    for _ in range(FREE_FAILURES):
        log_in(chat)
    body = {"username": "ann", "password": WRONG}
    headers = {"Accept-Language": "ru", "X-Forwarded-For": "198.51.100.9"}
    answer = chat.anyone.sends("POST", "/api/auth/login/", json=body, headers=headers)
    assert answer.body["detail"].startswith("Слишком много попыток")
