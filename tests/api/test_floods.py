"""Requests that are designed to be expensive. The tests count function calls, so a busy machine does not matter."""

import sys
from collections.abc import Callable

import pytest

from api.client import Answer, Chat, Person
from api.conftest import on_one_database

pytestmark = on_one_database

LINE = ",".join("a" for _ in range(4_000))
MANY_LANGUAGES = ",".join([LINE] * 95)
"""About the maximum size of the headers that gunicorn accepts."""
CROWD = {f"{number:05x}": 0 for number in range(20_000)}
"""About the maximum number of fields in a body of 256 KiB."""
MAX_REPORTED_FIELDS = 50


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann")


def calls_of(send: Callable[[], Answer]) -> tuple[int, Answer]:
    """Return the number of function calls of a request, and its answer."""
    count = 0

    def called(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(called)
    try:
        answer = send()
    finally:
        sys.setprofile(None)
    return count, answer


def test_a_huge_accept_language_costs_no_more_than_a_short_one(chat: Chat) -> None:
    def send(languages: str) -> Answer:
        return chat.anyone.sends("GET", "/api/auth/me/", headers={"Accept-Language": languages})

    send("en")
    short, _ = calls_of(lambda: send("en"))
    long, answer = calls_of(lambda: send(MANY_LANGUAGES))
    assert (answer.status, answer.code) == (401, "not_authenticated")
    assert long < short + 500


@pytest.mark.parametrize(
    ("languages", "is_russian"),
    [
        (",".join(["de"] * 19 + ["ru"]), True),
        (",".join(["de"] * 20 + ["ru"]), False),
        ("x" * 990 + ",ru", True),
        ("x" * 2_000 + ",ru", False),
        ("ru" + ",a" * 40_000, True),
        ("ru" + " " * 100_000, True),
        ("ru;q=" + "9" * 100_000 + ",ru", False),
    ],
)
def test_only_the_beginning_of_an_accept_language_is_read(chat: Chat, languages: str, is_russian: bool) -> None:
    answer = chat.anyone.sends("GET", "/nowhere/", headers={"Accept-Language": languages})
    assert (answer.body["detail"] == "По этому адресу ничего нет.") is is_russian


def test_many_unknown_fields_with_a_huge_accept_language_cost_little(chat: Chat) -> None:
    def send() -> Answer:
        headers = {"Accept-Language": MANY_LANGUAGES}
        return chat.anyone.sends("POST", "/api/auth/login/", json=CROWD, headers=headers)

    calls, answer = calls_of(send)
    assert answer.status == 400
    assert calls < 10_000


def test_a_problem_names_the_first_of_many_unknown_fields(ann: Person) -> None:
    answer = ann.sends("PATCH", "/api/auth/profile/", json=CROWD | {"first_name": 1})
    assert answer.errors["first_name"] == ["This must be text."]
    named = answer.errors.keys() - {"first_name"}
    assert len(named) == MAX_REPORTED_FIELDS - 1
    assert named < set(list(CROWD)[:MAX_REPORTED_FIELDS])
    assert all(answer.errors[name] == ["Unknown field."] for name in named)


def test_fields_of_the_server_are_ignored_beside_many_unknown_fields(ann: Person) -> None:
    answer = ann.sends("PATCH", "/api/auth/profile/", json=CROWD | {"id": ann.id, "username": "ann"})
    assert answer.status == 400
    assert not {"id", "username"} & set(answer.errors)


def test_a_long_list_of_wrong_ids_costs_little(ann: Person) -> None:
    def send() -> Answer:
        return ann.posts("/api/chat/rooms/", name="Kitchen", participants=[0] * 80_000)

    calls, answer = calls_of(send)
    assert answer.errors == {"participants": ["This is not a valid id."]}
    assert calls < 10_000


def test_many_parameters_cost_little(ann: Person) -> None:
    query = "&".join(f"{number:x}" for number in range(1_900))
    for path in ("/api/auth/users/", "/api/auth/search/"):
        calls, answer = calls_of(lambda path=path: ann.sends("GET", f"{path}?{query}"))  # type: ignore[misc]
        assert answer.status == 400
        assert len(answer.errors) <= MAX_REPORTED_FIELDS
        assert calls < 40_000


def test_a_problem_names_the_first_of_many_repeated_parameters(ann: Person) -> None:
    query = "&".join(f"{number:x}" for number in [*range(900), *range(900)])
    answer = ann.sends("GET", f"/api/auth/users/?{query}")
    assert answer.errors == {f"{number:x}": ["Send this only once."] for number in range(MAX_REPORTED_FIELDS)}


def test_a_preflight_for_many_headers_costs_little(chat: Chat) -> None:
    def send(names: str) -> Answer:
        asks = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"}
        headers = asks | {"Access-Control-Request-Headers": names}
        return chat.anyone.sends("OPTIONS", "/api/auth/me/", headers=headers)

    usual, answer = calls_of(lambda: send("authorization, content-type"))
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
    assert calls_of(lambda: send(MANY_LANGUAGES))[0] < usual + 500


@pytest.mark.parametrize("more", ["; a=b" * 300_000, "\r\nA: b" * 300_000], ids=["parameters", "lines"])
def test_a_form_of_little_but_headers_costs_little(ann: Person, more: str) -> None:
    calls, answer = calls_of(lambda: ann.uploads(kind=f"image/png{more}"))
    assert answer.status == 400
    assert calls < 10_000
