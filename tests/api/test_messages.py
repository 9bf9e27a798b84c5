"""`/api/chat/messages/` and history: sending once, reading by pages, replies."""

from typing import Any

import pytest

from api.client import Chat, Json, Person, contents

NOW = "2025-01-06T09:30:00.123Z"
MESSAGES = "/api/chat/messages/"


@pytest.fixture
def ann(chat: Chat) -> Person:
    return chat.person("ann", first_name="Ann")


@pytest.fixture
def bob(chat: Chat) -> Person:
    return chat.person("bob")


@pytest.fixture
def room(ann: Person, bob: Person) -> Json:
    return ann.makes_room("Kitchen", with_=[bob])


class TestSending:
    def test_sending_returns_the_message(self, ann: Person, room: Json) -> None:
        answer = ann.posts(MESSAGES, room=room["id"], content="hello")
        user = {name: ann.user[name] for name in ("id", "username", "first_name", "last_name", "full_name", "avatar")}
        assert answer.status == 201
        assert answer.body == {
            "id": 1,
            "room": 1,
            "seq": 1,
            "user": user,
            "user_username": "ann",
            "content": "hello",
            "timestamp": NOW,
            "edited_at": None,
            "is_deleted": False,
            "is_read": False,
            "is_blocked": False,
            "reply_to": None,
            "client_id": None,
            "reactions": [],
            "mentions": [],
            "mentions_all": False,
            "is_pinned": False,
        }
        assert "Idempotency-Replayed" not in answer.headers

    def test_the_messages_of_a_room_are_numbered_without_gaps(self, ann: Person, bob: Person, room: Json) -> None:
        other = ann.makes_room("Garden")
        ann.says("x", in_=other)
        assert [person.says("x", in_=room)["seq"] for person in (ann, bob, ann)] == [1, 2, 3]

    def test_sending_marks_earlier_messages_as_read(self, ann: Person, bob: Person, room: Json) -> None:
        ann.says("question", in_=room)
        bob.says("answer", in_=room)
        assert (bob.looks_at(room)["unread_count"], ann.looks_at(room)["unread_count"]) == (0, 1)

    @pytest.mark.parametrize(
        ("sent", "stored"),
        [
            ("  spaces stay  ", "  spaces stay  "),
            ("a\r\nb\rc", "a\nb\nc"),
            ("cafe\u0301", "café"),
            ("👩‍👩‍👧 \u202b‏שלום", "👩‍👩‍👧 \u202b‏שלום"),
            ("<script>alert(1)</script> & 'x'", "<script>alert(1)</script> & 'x'"),
            ("x" * 4000, "x" * 4000),
            ("🏠" * 4000, "🏠" * 4000),
            ("\ufeffbom", "\ufeffbom"),
            ("a\u2028b\u2029c", "a\u2028b\u2029c"),
        ],
        ids=lambda text: ascii(text)[:20],
    )
    def test_content_is_stored_as_it_was_sent(self, ann: Person, room: Json, sent: str, stored: str) -> None:
        assert ann.says(sent, in_=room)["content"] == stored
        assert contents(ann.history(room)) == [stored]

    @pytest.mark.parametrize(
        "content",
        ["", " ", "\n\t ", "\u3000", "x" * 4001, "a\u0000", "a\u001b[1m", "a\u0085b", "\u007f"],
        ids=lambda t: ascii(t)[:12],
    )
    def test_invalid_content_is_refused(self, ann: Person, room: Json, content: str) -> None:
        answer = ann.posts(MESSAGES, room=room["id"], content=content)
        assert (answer.status, set(answer.errors)) == (400, {"content"})
        assert ann.looks_at(room)["last_seq"] == 0

    def test_only_a_participant_can_send(self, chat: Chat, ann: Person, room: Json) -> None:
        eve = chat.person("eve")
        public = eve.posts(MESSAGES, room=room["id"], content="x")
        assert (public.status, public.code) == (403, "not_a_participant")
        private = eve.posts(MESSAGES, room=ann.makes_room(private=True)["id"], content="x")
        nothing = eve.posts(MESSAGES, room=99, content="x")
        assert (private.status, private.code) == (nothing.status, nothing.code) == (404, "room_not_found")


class TestRepeatedSends:
    def test_the_same_client_id_returns_the_first_message(self, ann: Person, room: Json) -> None:
        first = ann.posts(MESSAGES, room=room["id"], content="hello", client_id="b7d1")
        again = ann.posts(MESSAGES, room=room["id"], content="hello", client_id="b7d1")
        assert (first.status, again.status, again.headers["Idempotency-Replayed"]) == (201, 200, "true")
        assert again.body == first.body
        assert first.body["client_id"] == "b7d1"
        assert contents(ann.history(room)) == ["hello"]

    def test_the_same_idempotency_key_returns_the_first_message(self, ann: Person, room: Json) -> None:
        form, headers = {"room": room["id"], "content": "hello"}, {"Idempotency-Key": "b7d1"}
        answers = [ann.sends("POST", MESSAGES, json=form, headers=headers) for _ in range(2)]
        assert [answer.status for answer in answers] == [201, 200]
        assert answers[0].body == answers[1].body
        field = ann.posts(MESSAGES, **form, client_id="b7d1")
        assert (field.status, field.body["client_id"]) == (200, "b7d1")

    def test_a_repeated_client_id_with_other_content_is_409(self, ann: Person, room: Json) -> None:
        first = ann.says("hello", in_=room, client_id="b7d1")
        for form in ({"content": "other"}, {"content": "hello", "reply_to": first["id"]}):
            answer = ann.posts(MESSAGES, room=room["id"], client_id="b7d1", **form)
            assert (answer.status, answer.code) == (409, "client_id_reused")
        assert ann.looks_at(room)["last_seq"] == 1

    def test_a_replay_is_compared_as_stored(self, ann: Person, room: Json) -> None:
        ann.says("a\r\ncafe\u0301", in_=room, client_id="x")
        assert ann.posts(MESSAGES, room=room["id"], content="a\r\ncafe\u0301", client_id="x").status == 200

    def test_a_client_id_belongs_to_one_user_in_one_room(self, ann: Person, bob: Person, room: Json) -> None:
        ann.says("hello", in_=room, client_id="b7d1")
        bob.says("other", in_=room, client_id="b7d1")
        ann.says("third", in_=ann.makes_room(), client_id="b7d1")

    def test_a_different_header_and_field_are_refused(self, ann: Person, room: Json) -> None:
        form = {"room": room["id"], "content": "hello", "client_id": "b"}
        assert set(ann.sends("POST", MESSAGES, json=form, headers={"Idempotency-Key": "a"}).errors) == {"client_id"}
        assert ann.sends("POST", MESSAGES, json=form, headers={"Idempotency-Key": "b"}).status == 201

    @pytest.mark.parametrize("client_id", ["", " ", "x" * 65, "a\nb", "a\u0000"], ids=ascii)
    def test_a_client_id_has_1_to_64_characters(self, ann: Person, room: Json, client_id: str) -> None:
        answer = ann.posts(MESSAGES, room=room["id"], content="hello", client_id=client_id)
        assert (answer.status, set(answer.errors)) == (400, {"client_id"})
        assert ann.posts(MESSAGES, room=room["id"], content="hello", client_id="x" * 64).status == 201

    @pytest.mark.parametrize("key", ["", " ", "x" * 65])
    def test_an_invalid_idempotency_key_is_refused(self, ann: Person, room: Json, key: str) -> None:
        form = {"room": room["id"], "content": "hello"}
        answer = ann.sends("POST", MESSAGES, json=form, headers={"Idempotency-Key": key})
        assert answer.status == 400
        assert len(answer.errors) == 1

    def test_a_replay_after_leaving_the_room_is_refused(self, ann: Person, bob: Person, room: Json) -> None:
        bob.says("hello", in_=room, client_id="b7d1")
        bob.leaves(room)
        assert bob.posts(MESSAGES, room=room["id"], content="hello", client_id="b7d1").status == 403


class TestReplying:
    def test_a_reply_names_a_message_of_the_same_room(self, ann: Person, bob: Person, room: Json) -> None:
        question = ann.says("question", in_=room)
        assert bob.says("answer", in_=room, reply_to=question["id"])["reply_to"] == question["id"]
        assert bob.says("other", in_=room, reply_to=None)["reply_to"] is None

    def test_a_reply_to_another_room_is_400_like_a_reply_to_a_missing_message(
        self, ann: Person, bob: Person, room: Json
    ) -> None:
        elsewhere = ann.says("secret", in_=ann.makes_room(private=True))
        answers = [
            bob.posts(MESSAGES, room=room["id"], content="x", reply_to=message_id)
            for message_id in (elsewhere["id"], 99, 2**53 - 1)
        ]
        assert {(answer.status, str(answer.errors)) for answer in answers} == {
            (400, "{'reply_to': ['This message does not exist here.']}")
        }


class TestHistory:
    @pytest.fixture
    def said(self, ann: Person, room: Json) -> list[Json]:
        return [ann.says(f"{number}", in_=room) for number in range(1, 8)]

    def test_history_is_the_newest_page_in_order_with_the_room(self, ann: Person, room: Json, said: list[Json]) -> None:
        answer = ann.history(room, limit=3)
        assert set(answer.body) == {"room", "messages"}
        assert answer.body["room"] == ann.looks_at(room)
        assert answer.body["messages"] == said[4:]
        assert contents(ann.history(room)) == list("1234567")

    def test_next_leads_from_the_newest_page_to_older_messages(self, ann: Person, room: Json, said: list[Json]) -> None:
        pages, url = [], f"http://localhost/api/chat/rooms/{room['id']}/history/?limit=3"
        while url:
            answer = ann.follows(url)
            pages.append("".join(contents(answer)))
            url = answer.link("next") or ""
            assert (answer.link("prev") is None) == (len(pages) == 1)
        assert pages == ["567", "234", "1"]

    def test_next_leads_from_a_page_after_a_message_to_newer_ones(
        self, ann: Person, room: Json, said: list[Json]
    ) -> None:
        answer = ann.history(room, after=said[1]["id"], limit=3)
        assert contents(answer) == list("345")
        second = ann.follows(answer.link("next") or "")
        assert contents(second) == list("67")
        assert second.link("next") is None
        assert contents(ann.follows(second.link("prev") or "")) == list("345")
        assert contents(ann.history(room, after=said[-1]["id"])) == []

    def test_history_returns_a_page_before_or_around_a_message(self, ann: Person, room: Json, said: list[Json]) -> None:
        assert contents(ann.history(room, before=said[4]["id"], limit=2)) == list("34")
        around = ann.history(room, around=said[3]["id"], limit=3)
        assert contents(around) == list("345")
        assert contents(ann.follows(around.link("next") or "")) == list("12")[-3:]
        assert contents(ann.follows(around.link("prev") or "")) == list("67")
        assert contents(ann.history(room, around=said[0]["id"], limit=3)) == list("123")
        assert contents(ann.history(room, around=said[6]["id"], limit=3)) == list("567")
        assert contents(ann.history(room, around=said[3]["id"], limit=1)) == ["4"]

    def test_history_returns_a_page_around_a_place(self, ann: Person, room: Json, said: list[Json]) -> None:
        around = ann.history(room, around_seq=4, limit=3)
        assert contents(around) == list("345")
        assert contents(ann.follows(around.link("next") or "")) == list("12")
        assert contents(ann.follows(around.link("prev") or "")) == list("67")

    @pytest.mark.parametrize(("seq", "page"), [(0, "123"), (1, "123"), (7, "567"), (8, "567"), (2**53 - 1, "567")])
    def test_a_place_beyond_an_end_means_that_end(
        self, ann: Person, room: Json, said: list[Json], seq: int, page: str
    ) -> None:
        assert contents(ann.history(room, around_seq=seq, limit=3)) == list(page)

    @pytest.mark.parametrize("seq", [0, 1, 99])
    def test_an_empty_room_has_a_page_around_any_place(self, ann: Person, room: Json, seq: int) -> None:
        assert contents(ann.history(room, around_seq=seq)) == []

    def test_pages_keep_the_query(self, ann: Person, room: Json, said: list[Json]) -> None:
        link = ann.history(room, limit=2, mark_read=False).link("next") or ""
        assert "limit=2" in link
        assert "mark_read=false" in link
        assert link.startswith(f"http://localhost/api/chat/rooms/{room['id']}/history/?")

    @pytest.mark.parametrize("pair", [("before", "after"), ("after", "around"), ("before", "around_seq")])
    def test_history_takes_only_one_position(
        self, ann: Person, room: Json, said: list[Json], pair: tuple[str, str]
    ) -> None:
        answer = ann.history(room, **dict.fromkeys(pair, said[0]["id"]))
        assert (answer.status, set(answer.errors)) == (400, set(pair))

    @pytest.mark.parametrize("place", ["before", "after", "around"])
    def test_history_beside_a_missing_message_is_400(self, ann: Person, bob: Person, room: Json, place: str) -> None:
        secret = ann.says("secret", in_=ann.makes_room(private=True))
        elsewhere = bob.says("hi", in_=bob.makes_room())
        for person in (ann, bob):
            for message_id in (99, secret["id"], elsewhere["id"]):
                answer = person.history(room, **{place: message_id})
                assert (answer.status, set(answer.errors)) == (400, {place})

    def test_history_marks_the_returned_messages_as_read(
        self, ann: Person, bob: Person, room: Json, said: list[Json]
    ) -> None:
        first = bob.history(room, after=said[0]["id"], limit=2)
        assert (first.body["room"]["last_read_seq"], first.body["room"]["unread_count"]) == (3, 4)
        assert all(message["is_read"] for message in first.body["messages"])
        assert [message["is_read"] for message in ann.history(room).body["messages"]] == [True] * 3 + [False] * 4
        assert bob.history(room).body["room"]["unread_count"] == 0
        assert bob.history(room, limit=1, before=said[2]["id"]).body["room"]["unread_count"] == 0

    @pytest.mark.parametrize("no", ["false", "0"])
    def test_history_marks_nothing_with_mark_read_false(
        self, ann: Person, bob: Person, room: Json, said: list[Json], no: str
    ) -> None:
        answer = bob.history(room, mark_read=no)
        assert answer.body["room"]["unread_count"] == 7
        assert bob.looks_at(room)["unread_count"] == 7
        assert not ann.history(room).body["messages"][0]["is_read"]

    def test_a_head_marks_nothing(self, ann: Person, bob: Person, room: Json, said: list[Json]) -> None:
        assert bob.sends("HEAD", f"/api/chat/rooms/{room['id']}/history/").status == 200
        assert bob.looks_at(room)["unread_count"] == 7

    def test_a_page_that_was_read_before_shows_what_has_changed(self, chat: Chat) -> None:
        ann, bob, carl = chat.people("ann", "bob", "carl")
        room = ann.makes_room(with_=[bob, carl])
        first, second = ann.says("one", in_=room), bob.says("two", in_=room)

        def shown(person: Person, field: str) -> list[Any]:
            page = person.history(room, mark_read=False).body["messages"]
            assert page == [person.gets(f"/api/chat/messages/{one['id']}/").body for one in page]
            return [message[field] for message in page]

        assert [shown(person, "is_read") for person in (ann, bob, carl)] == [[True, False], [True, False], [False] * 2]
        carl.reads(room, up_to=1)
        assert shown(carl, "is_read") == [True, False]
        carl.reads(room, up_to=2)
        assert [shown(person, "is_read") for person in (ann, bob, carl)] == [[True, False], [True, True], [True, True]]
        carl.posts(f"/api/chat/users/{ann.id}/block/")
        assert [shown(person, "is_blocked") for person in (bob, carl)] == [[False, False], [True, False]]
        ann.patches("/api/auth/profile/", first_name="Anna")
        assert [user["first_name"] for user in shown(carl, "user")] == [
            "Anna",
            bob.gets("/api/auth/me/").body["first_name"],
        ]
        ann.patches(f"/api/chat/messages/{first['id']}/", content="uno")
        assert shown(bob, "content") == ["uno", "two"]
        bob.sends("DELETE", f"/api/chat/messages/{second['id']}/")
        assert shown(carl, "is_deleted") == [False, True]
        ann.puts(f"/api/chat/messages/{first['id']}/reactions/👍/")
        assert [len(reactions) for reactions in shown(bob, "reactions")] == [1, 0]

    def test_a_repeated_query_means_the_same_each_time(self, ann: Person, bob: Person, room: Json) -> None:
        ann.says("hello", in_=room)
        for _ in range(2):
            assert [m["is_read"] for m in bob.history(room, mark_read=False).body["messages"]] == [False]
            assert set(bob.history(room, mark_read="maybe", limit=0).errors) == {"limit", "mark_read"}

    @pytest.mark.parametrize("word", ["no", "False", "2", "null"])
    def test_mark_read_is_true_or_false(self, ann: Person, room: Json, word: str) -> None:
        assert set(ann.history(room, mark_read=word).errors) == {"mark_read"}

    def test_only_a_participant_can_read_history(self, chat: Chat, ann: Person, room: Json) -> None:
        eve = chat.person("eve")
        assert (eve.history(room).status, eve.history(room).code) == (403, "not_a_participant")
        assert eve.history(ann.makes_room(private=True)).code == "room_not_found"


class TestListingMessages:
    def test_the_list_of_a_room_equals_its_history_and_marks_nothing(
        self, ann: Person, bob: Person, room: Json
    ) -> None:
        said = [ann.says(f"{number}", in_=room) for number in range(1, 6)]
        answer = bob.gets(MESSAGES, room=room["id"], limit=2)
        assert contents(answer) == ["4", "5"]
        assert contents(bob.follows(answer.link("next") or "")) == ["2", "3"]
        assert contents(bob.gets(MESSAGES, room=room["id"], after=said[2]["id"])) == ["4", "5"]
        assert contents(bob.gets(MESSAGES, room=room["id"], around=said[2]["id"], limit=3)) == ["2", "3", "4"]
        assert bob.looks_at(room)["unread_count"] == 5

    def test_the_list_without_a_room_is_the_newest_of_all_rooms(
        self, chat: Chat, ann: Person, bob: Person, room: Json
    ) -> None:
        garden, secret = ann.makes_room("Garden"), bob.makes_room("Secret")
        for number, (person, place) in enumerate(
            [(ann, room), (ann, garden), (bob, secret), (bob, room), (ann, garden)], 1
        ):
            person.says(f"{number}", in_=place)
        answer = ann.gets(MESSAGES)
        assert contents(answer) == ["1", "2", "4", "5"]
        assert {message["room"] for message in answer.body} == {room["id"], garden["id"]}
        page = ann.gets(MESSAGES, limit=2)
        assert contents(page) == ["4", "5"]
        older = ann.follows(page.link("next") or "")
        assert (contents(older), older.link("next")) == (["1", "2"], None)
        assert contents(ann.follows(older.link("prev") or "")) == ["4", "5"]
        assert contents(chat.person("eve").gets(MESSAGES)) == []

    def test_another_room_in_the_query_is_answered_as_in_a_path(self, chat: Chat, ann: Person, room: Json) -> None:
        eve = chat.person("eve")
        public = eve.gets(MESSAGES, room=room["id"])
        assert (public.status, public.code) == (403, "not_a_participant")
        for room_id in (ann.makes_room(private=True)["id"], 99):
            answer = eve.gets(MESSAGES, room=room_id)
            assert (answer.status, answer.code) == (404, "room_not_found")

    @pytest.mark.parametrize("place", ["before", "after", "around"])
    def test_a_position_may_be_a_message_of_a_room_that_one_has_left(
        self, chat: Chat, ann: Person, room: Json, place: str
    ) -> None:
        eve = chat.person("eve")
        left = ann.makes_room("Cellar", with_=[eve])
        position = ann.says("gone", in_=left)["id"]
        eve.posts(f"/api/chat/rooms/{left['id']}/leave/")
        for message_id in (position, 99):
            answer = eve.gets(MESSAGES, **{place: message_id})
            assert (answer.status, answer.body) == (200, [])


def test_an_answer_shows_the_present_state_of_what_earlier_answers_showed(ann: Person, bob: Person, room: Json) -> None:
    message = ann.says("hello", in_=room)

    def seen_by(person: Person) -> Json:
        shown: Json = person.history(room, mark_read=False).body["messages"][0]
        assert person.looks_at(room)["last_message"] == shown
        return shown

    assert (seen_by(ann)["is_read"], seen_by(bob)["is_read"]) == (False, False)
    bob.reads(room, up_to=1)
    assert (seen_by(ann)["is_read"], seen_by(bob)["is_read"]) == (True, True)
    ann.patches("/api/auth/profile/", first_name="Anna")
    assert seen_by(bob)["user"]["full_name"] == "Anna"
    ann.patches(f"{MESSAGES}{message['id']}/", content="hello @bob")
    assert (seen_by(bob)["content"], len(seen_by(bob)["mentions"])) == ("hello @bob", 1)
    ann.patches(f"{MESSAGES}{message['id']}/", content="hello")
    assert (seen_by(bob)["content"], seen_by(bob)["mentions"]) == ("hello", [])
    bob.posts(f"/api/chat/users/{ann.user['id']}/block/")
    assert (seen_by(bob)["is_blocked"], seen_by(ann)["is_blocked"]) == (True, False)
    ann.deletes(f"{MESSAGES}{message['id']}/")
    assert (seen_by(bob)["is_deleted"], seen_by(bob)["content"]) == (True, "")
