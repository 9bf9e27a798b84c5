"""The list of a user's sessions, and ending a session from another device."""

import pytest

from api.client import Chat, Person

HOUR = 3_600
DAY = 86_400


def log_in(chat: Chat, ann: Person, *, agent: str, ip: str = "192.0.2.7") -> Person:
    answer = chat.anyone.sends(
        "POST",
        "/api/auth/login/",
        json={"username": ann.username, "password": ann.password},
        headers={"User-Agent": agent},
        environ_overrides={"REMOTE_ADDR": ip},
    )
    return Person(chat, answer.body["user"], answer.body["tokens"])


def agents(person: Person) -> list[str]:
    return [session["user_agent"] for session in person.gets("/api/auth/sessions/").body]


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann")


class TestListingSessions:
    def test_the_list_shows_device_address_and_times(self, chat: Chat, ann: Person) -> None:
        chat.clock.advance(HOUR)
        phone = log_in(chat, ann, agent="Phone/1.0")
        chat.clock.advance(HOUR / 2)
        assert phone.gets("/api/auth/sessions/").body[0] == {
            "id": phone.session_id,
            "created_at": "2025-01-06T10:30:00.123Z",
            "last_used_at": "2025-01-06T11:00:00.123Z",
            "expires_at": "2025-02-05T10:30:00.123Z",
            "user_agent": "Phone/1.0",
            "ip": "192.0.2.7",
            "current": True,
        }

    def test_the_list_begins_with_the_newest_log_in_and_marks_the_current_session(
        self, chat: Chat, ann: Person
    ) -> None:
        log_in(chat, ann, agent="Phone"), log_in(chat, ann, agent="Tablet")
        listed = ann.gets("/api/auth/sessions/").body
        assert [session["user_agent"] for session in listed][:2] == ["Tablet", "Phone"]
        assert [session["current"] for session in listed] == [False, False, True]

    def test_the_list_holds_no_session_of_another_user(self, chat: Chat, ann: Person) -> None:
        bob = chat.person("bob")
        log_in(chat, bob, agent="Bob's phone")
        assert len(agents(ann)) == 1

    def test_the_list_leaves_out_ended_sessions(self, chat: Chat, ann: Person) -> None:
        phone = log_in(chat, ann, agent="Phone")
        phone.posts("/api/auth/logout/")
        chat.clock.advance(30 * DAY - 1)
        fresh = ann.logs_in()
        assert len(agents(fresh)) == 2
        chat.clock.advance(1)
        assert len(agents(fresh.logs_in())) == 2

    def test_the_list_is_paged(self, chat: Chat, ann: Person) -> None:
        for number in range(4):
            log_in(chat, ann, agent=f"Device {number}")
        first = ann.gets("/api/auth/sessions/", limit=2)
        second = ann.follows(first.link("next") or "")
        third = ann.follows(second.link("next") or "")
        walked = [session["user_agent"] for page in (first, second, third) for session in page.body]
        assert walked[:4] == ["Device 3", "Device 2", "Device 1", "Device 0"]
        assert third.link("next") is None
        assert ann.follows(third.link("prev") or "").body == second.body

    def test_the_list_shows_only_the_beginning_of_a_long_user_agent(self, chat: Chat, ann: Person) -> None:
        assert agents(log_in(chat, ann, agent="x" * 5_000))[0] == "x" * 400


class TestRevoking:
    def test_a_revoked_session_ends_access_and_refresh_at_once(self, chat: Chat, ann: Person) -> None:
        phone, tablet = log_in(chat, ann, agent="Phone"), log_in(chat, ann, agent="Tablet")
        assert ann.deletes(f"/api/auth/sessions/{phone.session_id}/").status == 204
        assert phone.gets("/api/auth/me/").code == "session_ended"
        assert phone.refreshes().code == "session_ended"
        assert ann.is_logged_in
        assert tablet.is_logged_in
        assert agents(ann)[0] == "Tablet"

    def test_revoking_a_session_again_is_204(self, chat: Chat, ann: Person) -> None:
        phone = log_in(chat, ann, agent="Phone")
        for _ in range(2):
            assert ann.deletes(f"/api/auth/sessions/{phone.session_id}/").status == 204

    def test_revoking_the_current_session_logs_out(self, ann: Person) -> None:
        assert ann.deletes(f"/api/auth/sessions/{ann.session_id}/").status == 204
        assert ann.gets("/api/auth/me/").code == "session_ended"

    def test_the_session_of_another_user_is_404(self, chat: Chat, ann: Person) -> None:
        bob = chat.person("bob")
        answers = []
        for session_id in (bob.session_id, 99):
            headers = {"X-Request-ID": "same", "Authorization": f"Bearer {ann.token}"}
            answers.append(chat.anyone.sends("DELETE", f"/api/auth/sessions/{session_id}/", headers=headers))
        assert (answers[0].status, answers[0].code) == (404, "session_not_found")
        assert answers[0].raw == answers[1].raw
        assert bob.is_logged_in

    @pytest.mark.parametrize("no_id", ["0", "-1", "abc", "1.0", "9" * 40, "%00"])
    def test_a_wrong_id_is_404(self, ann: Person, no_id: str) -> None:
        assert ann.deletes(f"/api/auth/sessions/{no_id}/").code == "session_not_found"

    def test_revoking_the_other_sessions_keeps_this_one(self, chat: Chat, ann: Person) -> None:
        bob = chat.person("bob")
        phone, tablet = log_in(chat, ann, agent="Phone"), log_in(chat, ann, agent="Tablet")
        for _ in range(2):
            assert tablet.deletes("/api/auth/sessions/").status == 204
        assert [person.is_logged_in for person in (ann, phone, tablet, bob)] == [False, False, True, True]


def test_changes_of_sessions_are_in_the_audit_log(chat: Chat, ann: Person) -> None:
    phone, tablet = log_in(chat, ann, agent="Phone"), log_in(chat, ann, agent="Tablet", ip="2001:db8::7")
    tablet.deletes(f"/api/auth/sessions/{phone.session_id}/")
    tablet.deletes("/api/auth/sessions/")
    tablet.posts("/api/auth/logout/")
    events = chat.sql("SELECT event, user_id, actor_id, session_id, detail FROM audit ORDER BY id")
    mine = (ann.id, ann.id)
    assert events.fetchall() == [
        ("account.registered", *mine, ann.session_id, "{}"),
        ("session.opened", *mine, phone.session_id, "{}"),
        ("session.opened", *mine, tablet.session_id, "{}"),
        ("session.revoked", *mine, phone.session_id, "{}"),
        ("session.others_revoked", *mine, tablet.session_id, '{"ended":1}'),
        ("session.closed", *mine, tablet.session_id, "{}"),
    ]
