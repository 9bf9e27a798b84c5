"""`/api/chat/rooms/{id}/participants/` and `bans/`: adding, roles, removals and bans."""

import pytest

from api.client import Answer, Chat, Json, Person

NOW = "2025-01-06T09:30:00.123Z"
PERSON = ("id", "username", "first_name", "last_name", "full_name", "avatar")


@pytest.fixture
def people(chat: Chat) -> list[Person]:
    return chat.people("ann", "bob", "cid", "dora", "eve")


@pytest.fixture
def cid(people: list[Person]) -> Person:
    return people[2]


@pytest.fixture
def dora(people: list[Person]) -> Person:
    return people[3]


@pytest.fixture
def eve(people: list[Person]) -> Person:
    return people[4]


@pytest.fixture
def room(ann: Person, bob: Person, cid: Person) -> Json:
    """A public room that ann owns, bob moderates, and cid is in."""
    room = ann.makes_room("Kitchen", with_=[bob, cid])
    assert gives(ann, bob, "moderator", room).status == 200
    return room


def adds(host: Person, guest: Person, room: Json) -> Answer:
    return host.posts(f"/api/chat/rooms/{room['id']}/participants/", user_id=guest.id)


def gives(owner: Person, person: Person, role: str, room: Json) -> Answer:
    return owner.patches(f"/api/chat/rooms/{room['id']}/participants/{person.id}/", role=role)


def removes(host: Person, person: Person, room: Json, query: str = "") -> Answer:
    return host.deletes(f"/api/chat/rooms/{room['id']}/participants/{person.id}/{query}")


def bans(host: Person, person: Person, room: Json) -> Answer:
    return removes(host, person, room, "?ban=true")


def banned(host: Person, room: Json) -> Answer:
    return host.gets(f"/api/chat/rooms/{room['id']}/bans/")


def lifts(host: Person, person: Person, room: Json) -> Answer:
    return host.deletes(f"/api/chat/rooms/{room['id']}/bans/{person.id}/")


def outcome(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code if answer.is_refusal else None


class TestAdding:
    def test_adding_returns_the_participant(self, ann: Person, dora: Person, room: Json) -> None:
        ann.says("before", in_=room)
        answer = adds(ann, dora, room)
        assert answer.status == 201
        assert answer.body == {
            **{name: dora.user[name] for name in PERSON},
            "is_online": True,
            "last_seen": NOW,
            "role": "member",
            "last_read_seq": 1,
        }
        assert ann.gets(f"/api/chat/rooms/{room['id']}/participants/").body["participants"][-1] == answer.body
        assert (dora.looks_at(room)["role"], dora.looks_at(room)["unread_count"]) == ("member", 0)

    def test_adding_a_participant_again_is_200(self, chat: Chat, ann: Person, bob: Person, room: Json) -> None:
        before = chat.dump()
        answer = adds(ann, bob, room)
        assert (answer.status, answer.body["id"], answer.body["role"]) == (200, bob.id, "moderator")
        assert chat.dump() == before

    def test_only_owner_and_moderators_can_add(self, people: list[Person], dora: Person, room: Json) -> None:
        found = []
        for host in people:
            found.append(outcome(adds(host, dora, room)))
            dora.leaves(room)
        assert found == [
            *[(201, None)] * 2,
            (403, "role_too_low"),
            *[(403, "not_a_participant")] * 2,
        ]

    def test_adding_opens_a_private_room_to_the_user(self, ann: Person, dora: Person) -> None:
        room = ann.makes_room(private=True)
        assert dora.joins(room).status == 404
        assert adds(ann, dora, room).status == 201
        assert dora.looks_at(room)["role"] == "member"

    @pytest.mark.parametrize("user_id", [99, 2**53 - 1])
    def test_adding_an_unknown_user_is_404(self, ann: Person, room: Json, user_id: int) -> None:
        answer = ann.posts(f"/api/chat/rooms/{room['id']}/participants/", user_id=user_id)
        assert outcome(answer) == (404, "user_not_found")

    def test_adding_an_erased_user_is_404(self, ann: Person, dora: Person, room: Json) -> None:
        assert dora.sends("DELETE", "/api/auth/me/", json={"password": dora.password}).status == 204
        for request in (adds, bans, lifts):
            assert outcome(request(ann, dora, room)) == (404, "user_not_found")


class TestRoles:
    def test_the_owner_gives_roles(self, ann: Person, cid: Person, room: Json) -> None:
        answer = gives(ann, cid, "moderator", room)
        assert (answer.status, answer.body["id"], answer.body["role"]) == (200, cid.id, "moderator")
        assert gives(ann, cid, "moderator", room).body == answer.body
        assert gives(ann, cid, "member", room).body == {**answer.body, "role": "member"}

    def test_owner_hands_the_room_over(self, ann: Person, cid: Person, room: Json) -> None:
        assert gives(ann, cid, "owner", room).body["role"] == "owner"
        assert (cid.looks_at(room)["role"], ann.looks_at(room)["role"]) == ("owner", "moderator")
        assert outcome(gives(ann, cid, "member", room)) == (403, "role_too_low")

    def test_the_owner_keeps_the_owners_role(self, ann: Person, room: Json) -> None:
        for role in ("moderator", "member"):
            assert outcome(gives(ann, ann, role, room)) == (409, "owner_needed")
        assert gives(ann, ann, "owner", room).status == 200

    def test_only_the_owner_gives_roles(self, bob: Person, cid: Person, eve: Person, room: Json) -> None:
        refusals = [outcome(gives(person, cid, "owner", room)) for person in (bob, cid, eve)]
        assert refusals == [(403, "role_too_low"), (403, "role_too_low"), (403, "not_a_participant")]

    def test_only_participants_have_roles(self, ann: Person, eve: Person, room: Json) -> None:
        assert outcome(gives(ann, eve, "moderator", room)) == (404, "participant_not_found")
        for user_id in ("0", "x", "99", "9" * 40):
            answer = ann.patches(f"/api/chat/rooms/{room['id']}/participants/{user_id}/", role="member")
            assert outcome(answer) == (404, "participant_not_found")

    @pytest.mark.parametrize("role", ["", "Owner", "admin", "owner "])
    def test_there_are_three_roles(self, ann: Person, cid: Person, room: Json, role: str) -> None:
        answer = gives(ann, cid, role, room)
        assert (answer.status, set(answer.errors)) == (400, {"role"})

    def test_a_participant_may_be_sent_back_as_listed(self, ann: Person, cid: Person, room: Json) -> None:
        shown = ann.gets(f"/api/chat/rooms/{room['id']}/participants/").body["participants"][-1]
        path = f"/api/chat/rooms/{room['id']}/participants/{cid.id}/"
        assert ann.patches(path, **shown).body == shown


class TestRemoving:
    def test_a_removal_shuts_the_room(self, chat: Chat, ann: Person, bob: Person) -> None:
        room = ann.makes_room(private=True, with_=[bob])
        message = bob.says("hello", in_=room)
        answer = removes(ann, bob, room)
        assert (answer.status, answer.text) == (204, "")
        for gone in (bob.history(room), bob.gets(f"/api/chat/rooms/{room['id']}/")):
            assert outcome(gone) == (404, "room_not_found")
        assert outcome(bob.gets(f"/api/chat/messages/{message['id']}/")) == (404, "message_not_found")
        assert outcome(removes(ann, bob, room)) == (404, "participant_not_found")
        assert ann.looks_at(room)["participants_count"] == 1

    def test_a_removal_or_ban_needs_a_higher_role_than_the_target(
        self, ann: Person, bob: Person, cid: Person, dora: Person, eve: Person, room: Json
    ) -> None:
        adds(ann, dora, room)
        gives(ann, dora, "moderator", room)
        for host, person in ((bob, ann), (bob, dora), (cid, ann), (cid, bob), (cid, eve)):
            for request in (removes, bans):
                assert outcome(request(host, person, room)) == (403, "role_too_low")
        assert outcome(removes(eve, cid, room)) == (403, "not_a_participant")
        assert (removes(bob, cid, room).status, removes(ann, dora, room).status) == (204, 204)

    def test_removing_yourself_is_leaving(self, ann: Person, bob: Person, room: Json) -> None:
        assert (removes(ann, ann, room).status, bob.looks_at(room)["role"]) == (204, "owner")
        assert removes(ann, ann, room).status == 204
        assert ann.looks_at(room)["role"] is None


class TestBans:
    def test_a_ban_keeps_a_user_out_of_a_public_room(self, ann: Person, cid: Person, eve: Person, room: Json) -> None:
        assert bans(ann, cid, room).status == 204
        assert outcome(cid.joins(room)) == (403, "banned")
        assert outcome(cid.history(room)) == (403, "not_a_participant")
        assert cid.looks_at(room) == eve.looks_at(room)
        assert cid.gets("/api/chat/rooms/", scope="public").body == []
        assert [one["id"] for one in eve.gets("/api/chat/rooms/", scope="public").body] == [room["id"]]

    def test_a_user_outside_the_room_can_be_banned(self, bob: Person, eve: Person, room: Json) -> None:
        assert [bans(bob, eve, room).status for _ in range(2)] == [204, 204]
        assert outcome(eve.joins(room)) == (403, "banned")
        assert outcome(adds(bob, eve, room)) == (409, "user_is_banned")

    def test_a_ban_needs_another_existing_user(self, ann: Person, room: Json) -> None:
        answer = bans(ann, ann, room)
        assert (answer.status, answer.errors) == (400, {"ban": ["You can't do this to yourself."]})
        for user_id in (0, 99):
            answer = ann.deletes(f"/api/chat/rooms/{room['id']}/participants/{user_id}/?ban=true")
            assert outcome(answer) == (404, "user_not_found")

    @pytest.mark.parametrize("query", ["?ban=yes", "?ban=True", "?ban=true&ban=true", "?bann=true"])
    def test_a_ban_is_requested_by_a_parameter(
        self, chat: Chat, ann: Person, cid: Person, room: Json, query: str
    ) -> None:
        before = chat.dump()
        answer = removes(ann, cid, room, query)
        assert (answer.status, len(answer.errors)) == (400, 1)
        assert chat.dump() == before

    @pytest.mark.parametrize("query", ["?ban=false", "?ban=0", "?ban=", ""])
    def test_a_removal_is_no_ban(self, ann: Person, cid: Person, room: Json, query: str) -> None:
        assert removes(ann, cid, room, query).status == 204
        assert banned(ann, room).body == []
        assert cid.joins(room).status == 200

    def test_bans_are_listed_newest_first(
        self, chat: Chat, ann: Person, bob: Person, cid: Person, eve: Person, room: Json
    ) -> None:
        bans(bob, cid, room)
        chat.clock.advance(1)
        bans(ann, eve, room)
        answer = banned(bob, room)
        assert [(one["username"], one["banned_by"]) for one in answer.body] == [("eve", ann.id), ("cid", bob.id)]
        assert answer.body[1] == {
            **{name: cid.user[name] for name in PERSON},
            "banned_at": NOW,
            "banned_by": bob.id,
        }

    def test_a_ban_does_not_name_an_erased_account(self, ann: Person, bob: Person, cid: Person, room: Json) -> None:
        bans(bob, cid, room)
        assert bob.sends("DELETE", "/api/auth/me/", json={"password": bob.password}).status == 204
        assert [one["banned_by"] for one in banned(ann, room).body] == [None]

    def test_only_owner_and_moderators_see_bans(self, cid: Person, eve: Person, room: Json) -> None:
        for person, code in ((cid, "role_too_low"), (eve, "not_a_participant")):
            assert outcome(banned(person, room)) == outcome(lifts(person, eve, room)) == (403, code)

    def test_lifting_a_ban_twice_is_fine(self, ann: Person, bob: Person, cid: Person, room: Json) -> None:
        bans(ann, cid, room)
        assert [lifts(bob, cid, room).status for _ in range(2)] == [204, 204]
        assert cid.joins(room).status == 200

    @pytest.mark.parametrize("user_id", ["0", "x", "99", "9" * 40])
    def test_a_ban_of_an_unknown_user_is_404(self, ann: Person, room: Json, user_id: str) -> None:
        answer = ann.deletes(f"/api/chat/rooms/{room['id']}/bans/{user_id}/")
        assert outcome(answer) == (404, "user_not_found")

    def test_a_ban_is_exported_until_the_room_is_deleted(self, ann: Person, cid: Person, room: Json) -> None:
        bans(ann, cid, room)
        assert cid.gets("/api/auth/me/export/").body["bans"] == [{"room": room["id"], "banned_at": NOW}]
        ann.deletes(f"/api/chat/rooms/{room['id']}/")
        assert cid.gets("/api/auth/me/export/").body["bans"] == []


def test_the_participants_of_a_direct_chat_cannot_change(ann: Person, bob: Person, eve: Person) -> None:
    room = ann.chats_with(bob)
    answers = [request(ann, other, room) for request in (adds, removes, bans, lifts) for other in (bob, eve)]
    answers += [gives(ann, bob, "owner", room), banned(ann, room), removes(ann, ann, room)]
    assert {outcome(answer) for answer in answers} == {(409, "direct_chat_is_fixed")}


def test_every_act_is_in_the_audit_log(chat: Chat, ann: Person, bob: Person, cid: Person, room: Json) -> None:
    bans(bob, cid, room)
    lifts(ann, cid, room)
    gives(ann, bob, "owner", room)
    noted = chat.database.execute_sql(
        "SELECT event, user_id, actor_id, detail FROM audit WHERE event LIKE 'room.%' ORDER BY id"
    ).fetchall()
    here = f'{{"room":{room["id"]}'
    assert noted == [
        ("room.role_changed", bob.id, ann.id, f'{here},"role":"moderator"}}'),
        ("room.participant_removed", cid.id, bob.id, f"{here}}}"),
        ("room.user_banned", cid.id, bob.id, f"{here}}}"),
        ("room.user_unbanned", cid.id, ann.id, f"{here}}}"),
        ("room.role_changed", bob.id, ann.id, f'{here},"role":"owner"}}'),
        ("room.role_changed", ann.id, ann.id, f'{here},"role":"moderator"}}'),
    ]


def test_a_participant_may_be_sent_back_and_its_role_is_ignored(ann: Person, dora: Person, room: Json) -> None:
    added = adds(ann, dora, room).body
    path = f"/api/chat/rooms/{room['id']}/participants/"
    answer = ann.posts(path, user_id=dora.id, **{**added, "role": "owner"})
    assert (answer.status, answer.body["role"]) == (200, "member")
