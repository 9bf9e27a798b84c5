"""`/api/chat/messages/{id}/`: getting, editing and deleting a message, and retrying its send afterwards."""

import pytest

from api.client import Chat, Json, Person, contents

LATER = "2025-01-06T09:31:00.123Z"


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann")


@pytest.fixture
def bob(chat: Chat) -> Person:
    return chat.person("bob")


@pytest.fixture
def room(ann: Person, bob: Person) -> Json:
    return ann.makes_room("Kitchen", with_=[bob])


@pytest.fixture
def message(bob: Person, room: Json) -> Json:
    return bob.says("helo", in_=room, client_id="b7d1")


def path(message: Json) -> str:
    return f"/api/chat/messages/{message['id']}/"


class TestLookingUp:
    def test_a_message_looks_the_same_as_in_the_history(self, ann: Person, bob: Person, message: Json) -> None:
        assert bob.gets(path(message)).body == message
        ann.history({"id": message["room"]})
        assert bob.gets(path(message)).body == {**message, "is_read": True}
        assert ann.gets(path(message)).body == {**message, "is_read": True}

    @pytest.mark.parametrize("message_id", ["0", "-1", "x", "1.0", "01", "9" * 40, "9007199254740992", "99"])
    def test_an_id_that_names_no_message_is_404(self, bob: Person, message: Json, message_id: str) -> None:
        for answer in (
            bob.gets(f"/api/chat/messages/{message_id}/"),
            bob.patches(f"/api/chat/messages/{message_id}/", content="x"),
            bob.deletes(f"/api/chat/messages/{message_id}/"),
        ):
            assert (answer.status, answer.code) == (404, "message_not_found")

    def test_only_a_participant_can_look_a_message_up(self, chat: Chat, ann: Person, message: Json) -> None:
        eve = chat.person("eve")
        secret = ann.says("secret", in_=ann.makes_room(private=True))
        for one, status, code in ((message, 403, "not_a_participant"), (secret, 404, "message_not_found")):
            for answer in (eve.gets(path(one)), eve.patches(path(one), content="x"), eve.deletes(path(one))):
                assert (answer.status, answer.code) == (status, code)


class TestChanging:
    def test_an_edit_returns_the_message_with_its_time(
        self, chat: Chat, ann: Person, bob: Person, message: Json
    ) -> None:
        chat.clock.advance(60)
        answer = bob.patches(path(message), content="cafe\u0301\r\n")
        assert answer.status == 200
        assert answer.body == {**message, "content": "café\n", "edited_at": LATER}
        assert bob.gets(path(message)).body == answer.body
        assert contents(ann.history({"id": message["room"]})) == ["café\n"]

    def test_an_edit_to_the_same_content_changes_nothing(self, chat: Chat, bob: Person, message: Json) -> None:
        chat.clock.advance(10)
        before = chat.dump()
        assert bob.patches(path(message), content="helo").body == message
        assert chat.dump() == before

    def test_a_message_may_be_sent_back_as_it_was_returned(self, bob: Person, message: Json) -> None:
        answer = bob.patches(path(message), **{**bob.gets(path(message)).body, "content": "hello", "room": 99})
        assert (answer.status, answer.body["content"], answer.body["room"]) == (200, "hello", message["room"])

    @pytest.mark.parametrize("form", [{}, {"content": ""}, {"content": " \n"}, {"content": "x" * 4001}])
    def test_an_edit_follows_the_rules_for_content(self, bob: Person, message: Json, form: dict[str, str]) -> None:
        answer = bob.patches(path(message), **form)
        assert (answer.status, set(answer.errors)) == (400, {"content"})
        assert bob.gets(path(message)).body == message

    def test_only_the_author_can_change_a_message(self, ann: Person, message: Json) -> None:
        answer = ann.patches(path(message), content="I am a fool")
        assert (answer.status, answer.code) == (403, "not_your_message")

    def test_a_change_is_in_the_change_log(self, chat: Chat, bob: Person, message: Json) -> None:
        bob.patches(path(message), content="hello")
        bob.deletes(path(message))
        logged = chat.sql("SELECT kind, room_id, user_id, message_id FROM change ORDER BY id DESC")
        assert logged.fetchmany(2) == [
            (kind, message["room"], bob.id, message["id"]) for kind in ("message.deleted", "message.updated")
        ]


class TestDeleting:
    def test_a_deleted_message_becomes_a_tombstone(self, ann: Person, bob: Person, room: Json, message: Json) -> None:
        reply = ann.says("what?", in_=room, reply_to=message["id"])
        assert bob.deletes(path(message)).status == 204
        tombstone = {**message, "content": "", "is_deleted": True, "is_read": True}
        assert bob.gets(path(message)).body == ann.gets(path(message)).body == tombstone
        assert ann.history(room).body["messages"] == [tombstone, {**reply, "is_read": False}]
        assert (ann.looks_at(room)["last_seq"], ann.gets(path(reply)).body["reply_to"]) == (2, message["id"])

    def test_a_second_deletion_is_204_and_a_change_afterwards_409(self, chat: Chat, bob: Person, message: Json) -> None:
        bob.deletes(path(message))
        before = chat.dump()
        assert bob.deletes(path(message)).status == 204
        answer = bob.patches(path(message), content="hello")
        assert (answer.status, answer.code) == (409, "message_deleted")
        assert chat.dump() == before

    def test_author_moderators_and_owner_can_delete_a_message(
        self, chat: Chat, ann: Person, bob: Person, room: Json
    ) -> None:
        cid = chat.person("cid")
        cid.joins(room)
        ann.patches(f"/api/chat/rooms/{room['id']}/participants/{bob.id}/", role="moderator")
        for author in (ann, bob):
            answer = cid.deletes(path(author.says("x", in_=room)))
            assert (answer.status, answer.code) == (403, "role_too_low")
        for person in (ann, bob, cid):
            assert person.deletes(path(cid.says("x", in_=room))).status == 204
        assert bob.deletes(path(ann.says("x", in_=room))).status == 204

    def test_only_the_author_can_delete_a_message_of_a_direct_chat(self, ann: Person, bob: Person) -> None:
        message = ann.says("x", in_=ann.chats_with(bob))
        answer = bob.deletes(path(message))
        assert (answer.status, answer.code) == (403, "role_too_low")
        assert ann.deletes(path(message)).status == 204


class TestRepeatedSends:
    """The server recognises a retry even if the message was edited or deleted since."""

    def retries(self, bob: Person, room: Json, content: str) -> tuple[int, Json]:
        answer = bob.posts("/api/chat/messages/", room=room["id"], content=content, client_id="b7d1")
        assert ("Idempotency-Replayed" in answer.headers) == (answer.status == 200)
        return answer.status, answer.body

    def test_a_repeated_send_returns_the_message_as_edited(self, bob: Person, room: Json, message: Json) -> None:
        edited = bob.patches(path(message), content="hello").body
        assert self.retries(bob, room, "helo") == (200, edited)
        for content in ("hello", "other"):
            status, problem = self.retries(bob, room, content)
            assert (status, problem["code"]) == (409, "client_id_reused")

    def test_a_repeated_send_of_a_deleted_message_returns_its_tombstone(
        self, bob: Person, room: Json, message: Json
    ) -> None:
        bob.deletes(path(message))
        status, tombstone = self.retries(bob, room, "helo")
        assert (status, tombstone["content"], tombstone["is_deleted"]) == (200, "", True)
        assert self.retries(bob, room, "other")[0] == 409
        assert bob.looks_at(room)["last_seq"] == 1

    def test_a_deleted_message_keeps_no_word_of_its_content(self, chat: Chat, bob: Person, message: Json) -> None:
        bob.patches(path(message), content="a secret")
        bob.deletes(path(message))
        assert "helo" not in str(chat.dump())
        assert "secret" not in str(chat.dump())
