"""`DELETE /api/auth/me/` and `GET /api/auth/me/export/`: erasing an account, and exporting its data."""

import json

import pytest

from api.client import PASSWORD, Answer, Chat, Person, contents
from api.conftest import MakeChat
from minichat.domain.errors import Unavailable

DAY = 86_400


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann", first_name="Ann", last_name="Lee")


@pytest.fixture
def bob(chat: Chat) -> Person:
    return chat.person("bob")


def erases(person: Person, password: str = PASSWORD) -> Answer:
    return person.sends("DELETE", "/api/auth/me/", json={"password": password})


def exports(person: Person) -> Answer:
    return person.gets("/api/auth/me/export/")


def recorded(chat: Chat) -> list[str]:
    rows = chat.sql("SELECT event FROM audit ORDER BY id").fetchall()
    return [event for (event,) in rows]


class TestErasing:
    def test_an_erasure_is_204_and_ends_every_session(self, chat: Chat, ann: Person) -> None:
        phone = ann.logs_in()
        answer = erases(ann)
        assert (answer.status, answer.raw) == (204, b"")
        for person in (ann, phone):
            assert person.gets("/api/auth/me/").code == "session_ended"
            assert person.refreshes().code == "session_ended"
        answer = chat.anyone.posts("/api/auth/login/", username="ann", password=PASSWORD)
        assert (answer.status, answer.code) == (401, "invalid_credentials")

    def test_a_second_erasure_reports_an_ended_session(self, ann: Person) -> None:
        erases(ann)
        assert (erases(ann).status, erases(ann).code) == (401, "session_ended")

    def test_an_erasure_needs_the_password(self, chat: Chat, ann: Person) -> None:
        before = chat.dump(without=("audit", "attempt"))
        answer = erases(ann, "wrong password")
        assert (answer.status, answer.errors) == (400, {"password": ["Wrong password."]})
        answer = ann.sends("DELETE", "/api/auth/me/", json={})
        assert (answer.status, answer.errors) == (400, {"password": ["This field is required."]})
        assert chat.dump(without=("audit", "attempt")) == before
        assert ann.is_logged_in

    def test_an_erasure_after_five_wrong_passwords_is_429(self, make_chat: MakeChat) -> None:
        ann = make_chat(MINICHAT_RATE_LIMITS="on").person("ann")
        assert [erases(ann, "wrong password").status for _ in range(6)] == [400] * 5 + [429]
        answer = erases(ann)
        assert (answer.status, answer.code, answer.headers["Retry-After"]) == (429, "too_many_attempts", "1")

    def test_an_erasure_leaves_no_personal_data_in_the_database(self, chat: Chat, ann: Person, bob: Person) -> None:
        ann.says("bye", in_=ann.makes_room(with_=[bob]))
        erases(ann)
        kept = chat.dump(without=("freed_name", "audit"))
        assert ann.email not in repr(kept)
        assert "'ann'" not in repr(kept)
        assert "Lee" not in repr(kept)
        assert [row[0] for row in chat.dump()["freed_name"]] == ["ann"]

    def test_the_name_of_an_erased_account_is_free_after_30_days(self, chat: Chat, ann: Person) -> None:
        erases(ann)
        for name in ("ann", "Ann"):
            answer = chat.anyone.posts("/api/auth/register/", username=name, password=PASSWORD)
            assert (answer.status, answer.code) == (409, "username_taken")
        chat.clock.advance(30 * DAY)
        assert chat.person("ann").id != ann.id

    def test_an_erased_account_is_in_no_list(self, ann: Person, bob: Person) -> None:
        erases(ann)
        assert [user["username"] for user in bob.gets("/api/auth/users/").body] == ["bob"]
        assert [one["user"]["username"] for one in bob.gets("/api/chat/online-users/").body] == ["bob"]
        for query in ("ann", "lee", "deleted"):
            assert bob.gets("/api/auth/search/", q=query).body == {"users": []}
        answer = bob.gets(f"/api/auth/users/{ann.id}/")
        assert (answer.status, answer.code) == (404, "user_not_found")

    def test_messages_of_an_erased_account_stay_under_another_name(self, ann: Person, bob: Person) -> None:
        room = ann.makes_room("Kitchen", with_=[bob])
        ann.says("hello", in_=room)
        erases(ann)
        [message] = bob.history(room).body["messages"]
        name = f"deleted-user-{ann.id}"
        assert (message["content"], message["user_username"]) == ("hello", name)
        assert message["user"] == {
            "id": ann.id,
            "username": name,
            "first_name": "",
            "last_name": "",
            "full_name": "",
            "avatar": f"http://localhost/avatars/{ann.id}-D.svg",
        }

    def test_an_erasure_hands_over_rooms_like_leaving(self, ann: Person, bob: Person) -> None:
        room, alone = ann.makes_room("Kitchen", with_=[bob]), ann.makes_room("Alone")
        erases(ann)
        shown = bob.looks_at(room)
        assert (shown["role"], shown["participants_count"]) == ("owner", 1)
        assert bob.gets(f"/api/chat/rooms/{alone['id']}/").code == "room_not_found"

    def test_a_direct_chat_with_an_erased_account_stays_readable(self, ann: Person, bob: Person) -> None:
        room = ann.chats_with(bob)
        ann.says("hello", in_=room)
        erases(ann)
        [shown] = bob.gets("/api/chat/rooms/").body
        assert (shown["name"], shown["participants_count"]) == (f"deleted-user-{ann.id}", 2)
        assert contents(bob.history(room)) == ["hello"]
        answer = bob.posts("/api/chat/messages/", room=room["id"], content="are you there?")
        assert (answer.status, answer.code) == (409, "recipient_deleted")
        answer = bob.posts("/api/chat/create-direct-chat/", user_id=ann.id)
        assert (answer.status, answer.body["room"]["id"]) == (200, room["id"])

    def test_nothing_can_be_started_with_an_erased_account(self, ann: Person, bob: Person) -> None:
        erases(ann)
        answer = bob.posts("/api/chat/create-direct-chat/", user_id=ann.id)
        unknown = bob.posts("/api/chat/create-direct-chat/", user_id=424_242)
        assert (answer.status, answer.code) == (unknown.status, unknown.code) == (404, "user_not_found")
        answer = bob.posts("/api/chat/rooms/", name="Kitchen", participants=[ann.id])
        assert answer.errors == {"participants": ["One of these users does not exist."]}

    def test_an_erasure_removes_the_uploaded_picture(self, chat: Chat, ann: Person) -> None:
        path = f"/avatars/{ann.shows_a_picture()}.webp"
        assert chat.anyone.gets(path).status == 200
        erases(ann)
        assert chat.anyone.gets(path).status == 404

    def test_an_erasure_is_in_the_audit_log(self, chat: Chat, ann: Person) -> None:
        erases(ann, "wrong password")
        erases(ann)
        assert recorded(chat)[-2:] == ["account.password_refused", "account.deleted"]


class TestTheExport:
    def test_an_export_holds_all_data_of_the_user(self, chat: Chat, ann: Person, bob: Person) -> None:
        room, left = ann.makes_room("Kitchen", with_=[bob]), ann.makes_room("Garden", with_=[bob])
        bob.says("hi", in_=room)
        first = ann.says("hello", in_=room, client_id="b7d1")
        ann.says("bye", in_=left)
        ann.leaves(left)
        direct = ann.chats_with(bob)
        ann.posts(f"/api/chat/users/{bob.id}/block/")
        bob.posts(f"/api/chat/users/{ann.id}/block/")
        ann.posts(f"/api/chat/messages/{first['id'] - 1}/report/", reason="spam", comment="again")
        bob.posts(f"/api/chat/messages/{first['id']}/report/", reason="abuse")
        now = first["timestamp"]
        body = exports(ann).body
        lists = [
            "sessions",
            "rooms",
            "bans",
            "invitations",
            "blocks",
            "reports",
            "messages",
            "mentions",
            "reactions",
            "pins",
            "mails",
            "audit",
        ]
        assert list(body) == ["format", "exported_at", "account", "second_factor", *lists]
        assert body["second_factor"] is None
        assert (body["format"], body["exported_at"]) == ("minichat-export/1", now)
        assert body["account"] == {**ann.gets("/api/auth/me/").body, "is_superuser": False}
        [session] = ann.gets("/api/auth/sessions/").body
        del session["current"]
        assert body["sessions"] == [{**session, "ended_at": None}]
        joined = {"joined_seq": 0, "kind": "group", "notify": "all", "muted_until": None}
        assert body["rooms"] == [
            {**joined, "id": room["id"], "name": "Kitchen", "role": "owner", "last_read_seq": 2},
            {
                **joined,
                "id": direct["id"],
                "name": "bob",
                "kind": "direct",
                "role": "member",
                "last_read_seq": 0,
            },
        ]
        assert body["messages"][0] == {
            "id": first["id"],
            "room": room["id"],
            "seq": 2,
            "content": "hello",
            "timestamp": now,
            "edited_at": None,
            "is_deleted": False,
            "reply_to": None,
            "client_id": "b7d1",
            "mentions": [],
            "mentions_all": False,
        }
        assert [(one["room"], one["content"]) for one in body["messages"][1:]] == [(left["id"], "bye")]
        report = {"message": first["id"] - 1, "room": room["id"], "reason": "spam", "comment": "again"}
        assert body["reports"] == [{**report, "created_at": now}]
        assert body["blocks"] == [{"user": bob.id, "username": "bob", "blocked_at": now}]
        assert [entry["event"] for entry in body["audit"]] == ["account.exported", "account.registered"]
        assert body["audit"][0] == {
            "id": body["audit"][0]["id"],
            "time": now,
            "event": "account.exported",
            "by_you": True,
            "session": ann.session_id,
            "user_agent": session["user_agent"],
            "ip": session["ip"],
            "detail": {},
        }

    def test_an_export_holds_no_data_of_others_and_no_secret(self, chat: Chat, ann: Person, bob: Person) -> None:
        room = ann.makes_room(with_=[bob])
        bob.says("between us", in_=room)
        text = exports(ann).text
        assert "between us" not in text
        assert "bob" not in text
        hashes = chat.dump(without=())["refresh_token"]
        assert not any(str(jti_hash) in text for jti_hash, *_ in hashes)
        assert "eyJ" not in text

    def test_an_export_is_a_file_to_save_and_not_to_cache(self, ann: Person) -> None:
        answer = exports(ann)
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="minichat-export.json"'
        assert answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 401])
    def test_an_export_is_well_formed_at_any_length(self, chat: Chat, ann: Person, count: int) -> None:
        room = ann.makes_room()
        services = chat.app.extensions["minichat"].services
        user = services.directory.get(None, ann.id)
        said = [f'message {number} "\\ \U0001f372' for number in range(count)]
        for content in said:
            services.messaging.send(user, room["id"], content)
        assert [message["content"] for message in exports(ann).body["messages"]] == said

    def test_a_user_gets_five_exports_an_hour(self, make_chat: MakeChat) -> None:
        chat = make_chat(MINICHAT_RATE_LIMITS="on")
        ann, bob = chat.people("ann", "bob")
        assert [exports(ann).status for _ in range(6)] == [200] * 5 + [429]
        assert exports(bob).status == 200
        assert ann.gets("/api/auth/me/").status == 200

    def test_a_head_writes_no_export_and_no_audit_entry(self, chat: Chat, ann: Person) -> None:
        before = recorded(chat)
        answer = ann.sends("HEAD", "/api/auth/me/export/")
        assert (answer.status, answer.raw) == (200, b"")
        assert recorded(chat) == before
        exports(ann)
        assert recorded(chat) == [*before, "account.exported"]

    def test_an_interrupted_export_is_not_well_formed(self, make_new_chat: MakeChat) -> None:
        chat = make_new_chat()
        ann = chat.person("ann")
        ann.says("hello", in_=ann.makes_room())
        headers = {"Authorization": f"Bearer {ann.token}"}
        pieces = chat.app.test_client().get("/api/auth/me/export/", headers=headers).iter_encoded()
        got = [next(pieces)]
        chat.sql("ALTER TABLE message RENAME TO elsewhere")
        with pytest.raises(Unavailable):
            got.extend(pieces)
        with pytest.raises(json.JSONDecodeError):
            json.loads(b"".join(got))
