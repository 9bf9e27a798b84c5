"""Password reset and verified addresses over HTTP, with a mail server in memory."""

import pytest

from api.client import PASSWORD, Answer, Chat, Person
from api.conftest import Stages, on_one_database
from minichat.adapters.memory import MemoryMailer
from minichat.api.context import context_of
from minichat.domain.model import Letter

RESET, CONFIRM, VERIFY, RESEND = (
    "/api/auth/password-reset/",
    "/api/auth/password-reset/confirm/",
    "/api/auth/email/verify/",
    "/api/auth/email/resend/",
)
NEW = "another horse battery"
LINK_INVALID = "This link has been used, has expired, or was replaced by a newer one. Request a new one."
_MAILERS: dict[str, MemoryMailer] = {}


@pytest.fixture
def mailer(kind: str) -> MemoryMailer:
    return _MAILERS.setdefault(kind, MemoryMailer())


@pytest.fixture
def chat(stages: Stages, kind: str, mailer: MemoryMailer) -> Chat:
    """A chat with a mail server."""
    chat = stages.of(kind, mailer=mailer).chat()
    mailer.letters.clear()
    return chat


@pytest.fixture
def ann(chat: Chat, mailer: MemoryMailer) -> Person:
    """Ann with a verified address."""
    ann = chat.person("ann", email="Ann@example.org")
    assert chat.anyone.posts(VERIFY, token=delivered(chat, mailer)[0].token).status == 200
    mailer.letters.clear()
    return ann


def delivered(chat: Chat, mailer: MemoryMailer) -> list[Letter]:
    """Deliver all mails that wait; return all letters."""
    while context_of(chat.app).services.mail_delivery.deliver_next() is not None:
        pass
    return mailer.letters


def requested(chat: Chat, mailer: MemoryMailer) -> str:
    """Request a reset for Ann; return the token of the mail."""
    assert chat.anyone.posts(RESET, username="ann").status == 202
    token = delivered(chat, mailer)[-1].token
    assert token is not None
    return token


def without_request_id(answer: Answer) -> object:
    return {name: value for name, value in answer.body.items() if name != "request_id"}


def test_a_link_sets_a_new_password_and_ends_every_earlier_session(
    chat: Chat, ann: Person, mailer: MemoryMailer
) -> None:
    token = requested(chat, mailer)
    answer = chat.anyone.posts(CONFIRM, token=token, new_password=NEW, new_password_confirm=NEW)
    assert answer.status == 200
    assert ann.gets("/api/auth/me/").status == 401
    headers = {"Authorization": f"Bearer {answer.body['tokens']['access']}"}
    assert chat.request("GET", "/api/auth/me/", headers=headers, may_show=[ann.email]).body["email_verified"] is True
    again = chat.anyone.posts(CONFIRM, token=token, new_password=NEW)
    assert (again.status, again.code, again.errors) == (400, "token_invalid", {"token": [LINK_INVALID]})
    assert chat.anyone.posts("/api/auth/login/", username="ann", password=NEW).status == 200


def test_a_link_of_a_former_administrator_is_answered_like_an_unknown_one(chat: Chat, ann: Person) -> None:
    services = context_of(chat.app).services
    services.registration.create_superuser("root", PASSWORD)
    eve = services.registration.create_superuser("eve", PASSWORD)
    token = services.recovery.make_link("ann", by=eve.id).token
    services.superusers.revoke(eve.id)
    for new in (NEW, "ann"):
        former, unknown = [chat.anyone.posts(CONFIRM, token=one, new_password=new) for one in (token, "x" * len(token))]
        assert former.status == 400
        assert without_request_id(former) == without_request_id(unknown)
    assert ann.gets("/api/auth/me/").status == 200


def test_a_refused_password_leaves_the_link_valid(chat: Chat, ann: Person, mailer: MemoryMailer) -> None:
    token = requested(chat, mailer)
    answer = chat.anyone.posts(CONFIRM, token=token, new_password="ann")
    assert (answer.status, set(answer.errors)) == (400, {"new_password"})
    assert chat.anyone.posts(CONFIRM, token=token, new_password=NEW).status == 200


def test_two_accounts_cannot_verify_one_address(chat: Chat, ann: Person, mailer: MemoryMailer) -> None:
    eve = chat.person("eve", email="ANN@example.org")
    token = delivered(chat, mailer)[0].token
    answer = chat.anyone.posts(VERIFY, token=token)
    assert (answer.status, answer.code) == (409, "email_taken")
    assert eve.gets("/api/auth/me/").body["email_verified"] is False


def test_changing_the_address_needs_the_password(chat: Chat, ann: Person, mailer: MemoryMailer) -> None:
    change = {"email": "new@example.org", "first_name": "Ann"}
    for wrong in ({}, {"password": "wrong"}):
        answer = ann.sends("PATCH", "/api/auth/profile/", json=change | wrong)
        assert (answer.status, set(answer.errors)) == (400, {"password"})
    assert ann.gets("/api/auth/me/").body["first_name"] == ""
    answer = ann.sends("PUT", "/api/auth/profile/", json=change | {"password": PASSWORD})
    assert (answer.status, answer.body["email"], answer.body["email_verified"]) == (200, "new@example.org", False)
    assert {letter.address for letter in delivered(chat, mailer)} == {ann.email, "new@example.org"}
    # An account that was read can be sent back.
    assert ann.sends("PUT", "/api/auth/profile/", json=answer.body).status == 200


@on_one_database
class TestAnswers:
    def test_existing_and_absent_accounts_get_the_same_answer(self, chat: Chat, ann: Person) -> None:
        forms = [{"username": name} for name in ("ann", "nobody", "no name")]
        forms += [{"email": address} for address in (ann.email, "nobody@example.org", "x")]
        answers = [chat.anyone.posts(RESET, **form) for form in forms]
        assert {answer.status for answer in answers} == {202}
        assert len({answer.text for answer in answers}) == 1

    def test_existing_and_absent_accounts_cost_the_same_statements(self, chat: Chat, ann: Person) -> None:
        found = []
        for name in ("ann", "nobody"):
            statements: list[str] = []
            hook = lambda event, into=statements: into.append(event.sql)  # noqa: E731
            chat.database.query_hooks.append(hook)
            chat.anyone.posts(RESET, username=name)
            chat.database.query_hooks.remove(hook)
            found.append(statements)
        assert found[0] == found[1] != []

    @pytest.mark.parametrize("form", [{}, {"username": "ann", "email": "a@example.org"}, {"username": None}])
    def test_exactly_one_name_is_needed(self, chat: Chat, form: dict[str, str]) -> None:
        answer = chat.anyone.posts(RESET, **form)
        assert (answer.status, set(answer.errors)) == (400, {"username", "email"})

    def test_every_wrong_field_of_a_confirmation_is_named(self, chat: Chat) -> None:
        answer = chat.anyone.posts(CONFIRM, token="x", colour="red")
        assert (answer.status, set(answer.errors)) == (400, {"token", "new_password", "colour"})

    def test_the_mail_has_the_language_of_the_request(self, chat: Chat, ann: Person, mailer: MemoryMailer) -> None:
        chat.anyone.sends("POST", RESET, json={"username": "ann"}, headers={"Accept-Language": "ru"})
        assert [letter.language for letter in delivered(chat, mailer)] == ["ru"]

    def test_resending_is_limited(self, chat: Chat, mailer: MemoryMailer) -> None:
        ben = chat.person("ben")
        answers = [ben.sends("POST", RESEND) for _ in range(3)]
        assert [answer.status for answer in answers] == [202] * 2 + [429]
        assert int(answers[-1].headers["Retry-After"]) == 86_400
        assert len(delivered(chat, mailer)) == 3

    def test_the_server_says_that_it_sends_mail(self, chat: Chat) -> None:
        assert chat.anyone.gets("/api/info/").body["password_reset"] is True

    def test_the_metrics_show_the_queue(self, chat: Chat) -> None:
        chat.person("ben")
        chat.clock.advance(5)
        text = chat.anyone.gets("/metrics").text
        assert "minichat_mail_waiting 1.0" in text
        assert "minichat_mail_oldest_seconds 5.0" in text


@on_one_database
def test_a_server_without_mail_says_so_and_changes_an_address_without_a_password(stages: Stages, kind: str) -> None:
    chat = stages.of(kind).chat()
    ann = chat.person("ann")
    for answer in (chat.anyone.posts(RESET, username="ann"), ann.sends("POST", RESEND)):
        assert (answer.status, answer.body["message"]) == (
            202,
            "This server sends no mail. Ask an administrator for a link.",
        )
    assert chat.anyone.gets("/api/info/").body["password_reset"] is False
    assert ann.sends("PATCH", "/api/auth/profile/", json={"email": "new@example.org"}).status == 200
