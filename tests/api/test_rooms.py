"""`/api/chat/rooms/`: rooms, roles, participants, direct chats, receipts."""

from typing import Any

import pytest

from api.client import Chat, Json, Person

NOW = "2025-01-06T09:30:00.123Z"
ROOMS = "/api/chat/rooms/"


def names(answer_body: list[Json]) -> list[str]:
    return [room["name"] for room in answer_body]


class TestMakingARoom:
    def test_the_creator_of_a_room_is_its_owner(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        answer = ann.posts(ROOMS, name=" Kitchen ", description="Who cooks?", is_private=True, participants=[bob.id])
        own = {"email", "email_verified", "date_joined", "profile"}
        shown = {name: bob.user[name] for name in bob.user if name not in own}
        assert answer.status == 201
        assert answer.body["participants"][1] == {**shown, "is_online": True, "last_seen": NOW}
        assert [person["username"] for person in answer.body.pop("participants")] == ["ann", "bob"]
        assert answer.body == {
            "id": 1,
            "name": "Kitchen",
            "description": "Who cooks?",
            "kind": "group",
            "is_private": True,
            "created_at": NOW,
            "participants_count": 2,
            "role": "owner",
            "last_message": None,
            "last_seq": 0,
            "last_read_seq": 0,
            "unread_count": 0,
            "unread_mentions": 0,
            "notify": "all",
            "muted_until": None,
            "write": "all",
            "cooldown": 0,
            "history": "all",
        }
        assert bob.looks_at({"id": 1})["role"] == "member"

    def test_a_new_room_needs_only_a_name(self, chat: Chat) -> None:
        room = chat.person("ann").posts(ROOMS, name="Kitchen").body
        assert (room["description"], room["is_private"], room["participants_count"]) == ("", False, 1)

    def test_repeated_participants_and_the_creator_count_once(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        answer = ann.posts(ROOMS, name="Kitchen", participants=[bob.id, ann.id, bob.id])
        assert [person["username"] for person in answer.body["participants"]] == ["ann", "bob"]
        assert answer.body["role"] == "owner"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("name", " \n "),
            ("name", "x" * 101),
            ("name", "a\nb"),
            ("name", "a\tb"),
            ("name", "a\u0000b"),
            ("description", "x" * 1001),
            ("description", "a\u0007b"),
            ("participants", [99]),
            ("participants", [2**53 - 1]),
            ("participants", list(range(1, 202))),
        ],
        ids=lambda value: ascii(value)[:20],
    )
    def test_an_invalid_field_is_reported_by_name(self, chat: Chat, field: str, value: object) -> None:
        ann = chat.person("ann")
        answer = ann.posts(ROOMS, **{"name": "Kitchen", field: value})
        assert (answer.status, set(answer.errors)) == (400, {field})
        assert ann.gets(ROOMS).body == []

    def test_text_is_normalised_and_otherwise_kept(self, chat: Chat) -> None:
        room = chat.person("ann").posts(ROOMS, name="Cafe\u0301 🏠", description="a\r\nb\rc\td  ").body
        assert (room["name"], room["description"]) == ("Café 🏠", "a\nb\nc\td  ")

    def test_lengths_count_code_points(self, chat: Chat) -> None:
        ann = chat.person("ann")
        assert ann.posts(ROOMS, name="🏠" * 100, description="ё" * 1000).status == 201
        assert ann.posts(ROOMS, name="🏠" * 101).status == 400

    def test_a_room_shows_at_most_20_participants_and_counts_all(self, chat: Chat) -> None:
        ann = chat.person("ann")
        others = [chat.person(f"user{number}") for number in range(25)]
        room = ann.makes_room(with_=others)
        assert (len(room["participants"]), room["participants_count"]) == (20, 26)


class TestSeeingARoom:
    def test_every_user_sees_a_public_room_from_outside(self, chat: Chat) -> None:
        ann, eve = chat.people("ann", "eve")
        room = ann.makes_room("Kitchen")
        ann.says("secret", in_=room)
        card = eve.looks_at(room)
        assert (card["name"], card["participants"], card["participants_count"]) == ("Kitchen", [], 1)
        assert (card["role"], card["last_message"], card["unread_count"]) == (None, None, 0)

    def test_a_participant_sees_the_last_message_and_the_unread_count(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        room = ann.makes_room(with_=[bob])
        ann.says("one", in_=room)
        message = ann.says("two", in_=room)
        seen = bob.looks_at(room)
        assert (seen["last_message"], seen["last_seq"]) == (message, 2)
        assert (seen["last_read_seq"], seen["unread_count"]) == (0, 2)
        own = ann.looks_at(room)
        assert (own["last_read_seq"], own["unread_count"], own["last_message"]["is_read"]) == (2, 0, False)

    def test_no_answer_counts_deleted_messages_as_unread(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        room = ann.makes_room(with_=[bob])
        said = [ann.says(text, in_=room) for text in "abc"]
        for message, left in ((said[0], 2), (said[2], 1)):
            assert ann.sends("DELETE", f"/api/chat/messages/{message['id']}/").status == 204
            (listed,) = bob.gets("/api/chat/rooms/").body
            history = bob.gets(f"/api/chat/rooms/{room['id']}/history/", mark_read="false").body["room"]
            edited = ann.sends("PATCH", f"/api/chat/rooms/{room['id']}/", json={"name": f"{left}"}).body
            assert [shown["unread_count"] for shown in (listed, bob.looks_at(room), history)] == [left] * 3
            assert edited["unread_count"] == 0
        assert bob.reads(room, up_to=1).body == {"last_read_seq": 1, "unread_count": 1}
        assert bob.reads(room, up_to=2).body == {"last_read_seq": 2, "unread_count": 0}

    @pytest.mark.parametrize(
        "room_id", ["0", "-1", "x", "1.0", "01", "%31x", "9" * 40, "9" * 5000, "9007199254740992", "١"]
    )
    def test_a_wrong_id_is_404_like_a_missing_room(self, chat: Chat, room_id: str) -> None:
        ann = chat.person("ann")
        ann.makes_room()
        answer = ann.gets(f"{ROOMS}{room_id}/")
        assert (answer.status, answer.code) == (404, "room_not_found")


class TestListingRooms:
    def test_the_list_holds_the_users_rooms_by_latest_activity(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        rooms = []
        for name in ("one", "two", "three"):
            chat.clock.advance(1)
            rooms.append(ann.makes_room(name))
        bob.makes_room("of bob")
        assert names(ann.gets(ROOMS).body) == ["three", "two", "one"]
        chat.clock.advance(1)
        ann.says("up", in_=rooms[0])
        assert names(ann.gets(ROOMS).body) == ["one", "three", "two"]
        assert names(ann.gets(ROOMS, scope="mine").body) == ["one", "three", "two"]

    def test_the_public_list_holds_the_rooms_that_the_user_could_join(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        ann.makes_room("public")
        ann.makes_room("private", private=True)
        ann.makes_room("with bob", with_=[bob])
        ann.chats_with(bob)
        answer = bob.gets(ROOMS, scope="public")
        assert names(answer.body) == ["public"]
        assert (answer.body[0]["participants"], answer.body[0]["last_message"]) == ([], None)
        assert ann.gets(ROOMS, scope="public").body == []

    @pytest.mark.parametrize("scope", ["all", "MINE", "public "])
    def test_an_unknown_scope_is_refused(self, chat: Chat, scope: str) -> None:
        answer = chat.person("ann").gets(ROOMS, scope=scope)
        assert (answer.status, set(answer.errors)) == (400, {"scope"})


class TestChangingARoom:
    def test_put_needs_a_name_and_patch_needs_no_field(self, chat: Chat) -> None:
        ann = chat.person("ann")
        room = ann.makes_room("Kitchen", description="Old")
        path = f"{ROOMS}{room['id']}/"
        put = ann.puts(path, name="Garden", is_private=True)
        assert (put.status, put.body["name"], put.body["is_private"]) == (200, "Garden", True)
        assert put.body["description"] == "Old"
        assert set(ann.puts(path, description="New").errors) == {"name"}
        patched = ann.patches(path, description="New")
        assert (patched.status, patched.body) == (200, {**put.body, "description": "New"})
        assert ann.patches(path).body == patched.body
        assert ann.looks_at(room) == patched.body

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_a_room_may_be_sent_back_as_it_was_returned(self, chat: Chat, method: str) -> None:
        ann = chat.person("ann")
        room = ann.makes_room("Kitchen", description="Old")
        assert ann.sends(method, f"{ROOMS}{room['id']}/", json=room).body == room

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    @pytest.mark.parametrize("form", [{"name": ""}, {"name": "x" * 101}, {"name": "x", "description": "x" * 1001}])
    def test_a_change_follows_the_rules_of_making_a_room(self, chat: Chat, method: str, form: dict[str, str]) -> None:
        ann = chat.person("ann")
        room = ann.makes_room("Kitchen")
        assert ann.sends(method, f"{ROOMS}{room['id']}/", json=form).status == 400
        assert ann.looks_at(room) == room

    def test_owner_and_moderators_change_a_room_and_only_the_owner_deletes_it(self, chat: Chat) -> None:
        ann, bob, cid, eve = chat.people("ann", "bob", "cid", "eve")
        room = ann.makes_room("Kitchen", with_=[bob, cid])
        chat.sql("UPDATE participant SET role = 'moderator' WHERE user_id = ?", bob.id)
        path = f"{ROOMS}{room['id']}/"

        def may(person: Person) -> list[tuple[int, str | None]]:
            answers = [person.puts(path, name="Room"), person.patches(path, name="Room")]
            if person is not ann:
                answers.append(person.deletes(path))
            return [(answer.status, answer.code if answer.is_refusal else None) for answer in answers]

        assert may(ann) == [(200, None)] * 2
        assert may(bob) == [(200, None)] * 2 + [(403, "role_too_low")]
        assert may(cid) == [(403, "role_too_low")] * 3
        assert may(eve) == [(403, "not_a_participant")] * 3
        assert ann.deletes(path).status == 204
        assert {person.gets(path).status for person in (ann, bob, cid, eve)} == {404}
        assert (ann.deletes(path).status, bob.gets(ROOMS).body) == (404, [])

    def test_a_deleted_room_removes_its_messages(self, chat: Chat) -> None:
        ann = chat.person("ann")
        room = ann.makes_room("Kitchen")
        message = ann.says("hello", in_=room)
        ann.deletes(f"{ROOMS}{room['id']}/")
        assert ann.gets("/api/chat/messages/").body == []
        assert ann.gets("/api/chat/messages/", room=room["id"]).status == 404
        assert ann.gets("/api/chat/messages/", before=message["id"]).body == []
        assert ann.posts("/api/chat/messages/", room=room["id"], content="x").status == 404

    def test_a_direct_chat_cannot_be_changed(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        path = f"{ROOMS}{ann.chats_with(bob)['id']}/"
        answers = [ann.puts(path, name="x"), ann.patches(path, name="x"), ann.deletes(path), ann.posts(f"{path}leave/")]
        assert {(answer.status, answer.code) for answer in answers} == {(409, "direct_chat_is_fixed")}


class TestJoiningAndLeaving:
    def test_a_new_participant_has_nothing_unread_and_can_read_the_history(self, chat: Chat) -> None:
        ann, eve = chat.people("ann", "eve")
        room = ann.makes_room()
        ann.says("before", in_=room)
        answer = eve.joins(room)
        assert (answer.status, set(answer.body)) == (200, {"message", "room"})
        joined = answer.body["room"]
        assert (joined["role"], joined["unread_count"], joined["last_read_seq"]) == ("member", 0, 1)
        assert [message["content"] for message in eve.history(room).body["messages"]] == ["before"]
        ann.says("after", in_=room)
        assert eve.looks_at(room)["unread_count"] == 1

    def test_joining_and_leaving_twice_succeeds(self, chat: Chat) -> None:
        ann, eve = chat.people("ann", "eve")
        room = ann.makes_room()
        first, second = eve.joins(room), eve.joins(room)
        assert (second.status, second.body) == (200, first.body)
        assert ann.joins(room).body["room"]["role"] == "owner"
        assert [eve.leaves(room).status for _ in range(2)] == [200, 200]
        assert set(eve.joins(room).body) == {"message", "room"}
        assert set(eve.leaves(room).body) == {"message"}

    def test_joining_accepts_a_request_with_or_without_a_body(self, chat: Chat) -> None:
        ann, eve = chat.people("ann", "eve")
        room = ann.makes_room()
        bodies: list[dict[str, Any]] = [{}, {"json": {}}, {"data": b""}]
        for body in bodies:
            assert eve.sends("POST", f"{ROOMS}{room['id']}/join/", **body).status == 200

    def test_a_private_room_cannot_be_joined(self, chat: Chat) -> None:
        ann, bob, eve = chat.people("ann", "bob", "eve")
        room, direct = ann.makes_room(private=True), ann.chats_with(bob)
        assert [eve.joins(place).code for place in (room, direct)] == ["room_not_found"] * 2
        assert [eve.leaves(place).code for place in (room, direct)] == ["room_not_found"] * 2
        assert (ann.joins(room).status, ann.joins(direct).status) == (200, 200)

    def test_a_user_who_left_a_private_room_cannot_see_it(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        room = ann.makes_room(private=True, with_=[bob])
        assert bob.leaves(room).status == 200
        assert (bob.leaves(room).status, bob.history(room).status, bob.joins(room).status) == (404, 404, 404)

    def test_a_leaving_owner_hands_over_to_a_moderator_or_the_first_participant(self, chat: Chat) -> None:
        ann, bob, cid = chat.people("ann", "bob", "cid")
        room = ann.makes_room(with_=[bob, cid])
        chat.sql("UPDATE participant SET role = 'moderator' WHERE user_id = ?", cid.id)
        ann.leaves(room)
        assert cid.looks_at(room)["role"] == "owner"
        assert bob.looks_at(room)["role"] == "member"
        cid.leaves(room)
        assert bob.looks_at(room)["role"] == "owner"

    def test_the_room_is_deleted_when_the_last_participant_leaves(self, chat: Chat) -> None:
        ann, eve = chat.people("ann", "eve")
        room = ann.makes_room()
        ann.leaves(room)
        assert eve.joins(room).status == 404


class TestDirectChats:
    def test_opening_a_direct_chat_again_returns_the_same_room(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        first = ann.posts("/api/chat/create-direct-chat/", user_id=bob.id)
        again = ann.posts("/api/chat/create-direct-chat/", user_id=bob.id)
        other = bob.posts("/api/chat/create-direct-chat/", user_id=ann.id)
        assert (first.status, again.status, other.status) == (201, 200, 200)
        assert first.body["room"] == again.body["room"]
        assert other.body["room"]["id"] == first.body["room"]["id"]
        assert set(first.body) == {"room", "message"}

    def test_a_direct_chat_has_the_name_of_the_other_participant(self, chat: Chat) -> None:
        ann, bob = chat.person("ann", first_name="Ann", last_name="Lee"), chat.person("bob")
        room = ann.chats_with(bob)
        assert (room["kind"], room["name"], bob.looks_at(room)["name"]) == ("direct", "bob", "Ann Lee")
        assert room["is_private"]
        assert (room["participants_count"], len(room["participants"])) == (2, 2)
        assert names(bob.gets(ROOMS).body) == ["Ann Lee"]

    def test_a_direct_chat_with_yourself_is_400(self, chat: Chat) -> None:
        ann = chat.person("ann")
        answer = ann.posts("/api/chat/create-direct-chat/", user_id=ann.id)
        assert (answer.status, set(answer.errors)) == (400, {"user_id"})

    @pytest.mark.parametrize("user_id", [99, 2**53 - 1])
    def test_a_direct_chat_with_an_unknown_user_is_404(self, chat: Chat, user_id: int) -> None:
        answer = chat.person("ann").posts("/api/chat/create-direct-chat/", user_id=user_id)
        assert (answer.status, answer.code) == (404, "user_not_found")


class TestReceipts:
    def test_a_receipt_moves_forward_only_and_not_past_the_last_message(self, chat: Chat) -> None:
        ann, bob = chat.people("ann", "bob")
        room = ann.makes_room(with_=[bob])
        for text in "abc":
            ann.says(text, in_=room)
        for seq, read, unread in ((2, 2, 1), (1, 2, 1), (0, 2, 1), (99, 3, 0), (2**53 - 1, 3, 0)):
            answer = bob.reads(room, up_to=seq)
            assert (answer.status, answer.body) == (200, {"last_read_seq": read, "unread_count": unread})

    def test_only_a_participant_can_send_receipts(self, chat: Chat) -> None:
        ann, eve = chat.people("ann", "eve")
        assert eve.reads(ann.makes_room(), up_to=1).code == "not_a_participant"
        assert eve.reads(ann.makes_room(private=True), up_to=1).code == "room_not_found"

    def test_a_receipt_marks_the_message_as_read_for_its_author(self, chat: Chat) -> None:
        ann, bob, cid = chat.people("ann", "bob", "cid")
        room = ann.makes_room(with_=[bob, cid])
        first, second = ann.says("one", in_=room), ann.says("two", in_=room)
        assert not first["is_read"]
        bob.reads(room, up_to=first["seq"])
        flags = {
            person.username: [m["is_read"] for m in person.history(room, mark_read=False).body["messages"]]
            for person in (ann, bob, cid)
        }
        assert flags == {"ann": [True, False], "bob": [True, False], "cid": [False, False]}
        cid.reads(room, up_to=second["seq"])
        assert ann.looks_at(room)["last_message"]["is_read"]


class TestParticipants:
    def test_participants_are_listed_in_joining_order_with_role_and_receipt(self, chat: Chat) -> None:
        cid, ann, bob = chat.people("cid", "ann", "bob")
        room = cid.makes_room(with_=[ann])
        cid.says("one", in_=room)
        bob.joins(room)
        answer = ann.gets(f"{ROOMS}{room['id']}/participants/")
        assert answer.body["room_id"] == room["id"]
        found = [(one["username"], one["role"], one["last_read_seq"]) for one in answer.body["participants"]]
        assert found == [("cid", "owner", 1), ("ann", "member", 0), ("bob", "member", 1)]
        assert set(answer.body["participants"][0]) == {
            *("id", "username", "first_name", "last_name", "full_name", "avatar", "is_online", "last_seen"),
            *("role", "last_read_seq"),
        }

    def test_only_a_participant_can_list_the_participants(self, chat: Chat) -> None:
        ann, eve = chat.people("ann", "eve")
        assert eve.gets(f"{ROOMS}{ann.makes_room()['id']}/participants/").code == "not_a_participant"
        assert eve.gets(f"{ROOMS}{ann.makes_room(private=True)['id']}/participants/").code == "room_not_found"
