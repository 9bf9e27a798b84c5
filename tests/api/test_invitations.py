"""`/api/chat/rooms/{room}/invites/`, `/api/chat/invites/`, and `invite` at `/api/auth/register/`."""

import re

import pytest

from api.client import BASE, PASSWORD, Answer, Chat, Json, Person, Visitor
from api.conftest import MakeChat

DEAD = (404, "invitation_not_found")
USER = ("id", "username", "first_name", "last_name", "full_name", "avatar")


@pytest.fixture
def people(chat: Chat) -> list[Person]:
    return chat.people("ann", "bob", "cid", "eve")


@pytest.fixture
def cid(people: list[Person]) -> Person:
    return people[2]


@pytest.fixture
def eve(people: list[Person]) -> Person:
    return people[3]


@pytest.fixture
def room(ann: Person, bob: Person, cid: Person) -> Json:
    """A private room that ann owns, bob moderates, and cid is in."""
    room = ann.makes_room("Kitchen", private=True, description="Who cooks?", with_=[bob, cid])
    moderates(ann, bob, room)
    return room


def moderates(owner: Person, person: Person, room: Json, role: str = "moderator") -> None:
    path = f"/api/chat/rooms/{room['id']}/participants/{person.id}/"
    assert owner.patches(path, role=role).status == 200


def creates(host: Person, room: Json, **fields: object) -> Answer:
    return host.posts(f"/api/chat/rooms/{room['id']}/invites/", **fields)


def lists(host: Person, room: Json, **query: object) -> Answer:
    return host.gets(f"/api/chat/rooms/{room['id']}/invites/", **query)


def revokes(host: Person, room: Json, invite_id: object) -> Answer:
    return host.deletes(f"/api/chat/rooms/{room['id']}/invites/{invite_id}/")


def previews(visitor: Visitor, token: object) -> Answer:
    return visitor.posts("/api/chat/invites/preview/", token=token)


def accepts(guest: Person, token: object) -> Answer:
    return guest.posts("/api/chat/invites/accept/", token=token)


def registers(chat: Chat, token: object, username: str = "new", **fields: object) -> Answer:
    return chat.anyone.posts("/api/auth/register/", username=username, password=PASSWORD, invite=token, **fields)


def outcome(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code if answer.is_refusal else None


class TestCreating:
    def test_the_answer_alone_holds_the_token_and_the_url(self, chat: Chat, ann: Person, room: Json) -> None:
        answer = creates(ann, room, expires_in=60, uses=3)
        token = answer.body["token"]
        assert re.fullmatch(r"[\w-]{32}", token)
        listed = {
            "id": answer.body["id"],
            "created_by": {name: ann.user[name] for name in USER},
            "expires_at": "2025-01-06T09:31:00.123Z",
            "uses": 3,
            "used": 0,
        }
        assert answer.body == {**listed, "token": token, "url": f"{BASE}/#invite={token}"}
        assert answer.headers["Cache-Control"] == "no-store"
        assert lists(ann, room).body == [listed]
        assert token not in repr(chat.dump(without=()))

    def test_an_invitation_lasts_a_week_and_has_any_number_of_uses_by_default(self, ann: Person, room: Json) -> None:
        for fields in ({}, {"uses": None}, {"expires_in": None}):
            created = ann.invites(room, **fields)
            assert (created["expires_at"], created["uses"]) == ("2025-01-13T09:30:00.123Z", None)
        assert ann.sends("POST", f"/api/chat/rooms/{room['id']}/invites/").status == 201

    def test_an_invitation_may_be_sent_back_and_its_server_fields_are_ignored(self, ann: Person, room: Json) -> None:
        created = ann.invites(room, uses=3)
        again = creates(ann, room, **{**created, "used": 2})
        assert (again.status, again.body["uses"], again.body["used"]) == (201, 3, 0)
        assert (again.body["id"], again.body["token"]) != (created["id"], created["token"])

    def test_a_lifetime_is_1_second_to_30_days_and_the_uses_are_1_to_1000(
        self, chat: Chat, ann: Person, room: Json
    ) -> None:
        before = chat.dump()
        for expires_in, uses in [
            (0, 0),
            (-1, -1),
            (2_592_001, 1_001),
            (1.5, 1.5),
            (True, True),
            ("60", "1"),
            (10**40, []),
        ]:
            answer = creates(ann, room, expires_in=expires_in, uses=uses)
            assert (answer.status, answer.code) == (400, "validation_failed")
            assert set(answer.errors) == {"expires_in", "uses"}
        assert chat.dump() == before
        for expires_in, uses in [(1, 1), (2_592_000.0, 1_000)]:
            assert creates(ann, room, expires_in=expires_in, uses=uses).status == 201

    def test_only_owner_and_moderators_have_invitations(self, people: list[Person], ann: Person, room: Json) -> None:
        invite_id = ann.invites(room)["id"]
        public = ann.makes_room("Garden")
        for request in (creates, lists):
            found = [outcome(request(person, room)) for person in people]
            assert [status for status, _ in found[:2]] == [201 if request is creates else 200] * 2
            assert found[2:] == [(403, "role_too_low"), (404, "room_not_found")]
            assert outcome(request(people[3], public)) == (403, "not_a_participant")
        found = [outcome(revokes(person, room, invite_id)) for person in reversed(people)]
        assert found == [(404, "room_not_found"), (403, "role_too_low"), (204, None), DEAD]

    def test_a_direct_chat_has_no_invitations(self, ann: Person, bob: Person) -> None:
        direct = ann.chats_with(bob)
        for answer in (creates(ann, direct), lists(ann, direct), revokes(ann, direct, 1)):
            assert outcome(answer) == (409, "direct_chat_is_fixed")

    def test_the_url_begins_with_the_public_url(self, make_chat: MakeChat) -> None:
        chat = make_chat(MINICHAT_PUBLIC_URL="https://example.org/chat", MINICHAT_ALLOWED_HOSTS="localhost")
        ann = chat.person("ann")
        created = ann.invites(ann.makes_room())
        assert created["url"] == f"https://example.org/chat/#invite={created['token']}"


class TestTheList:
    def test_invitations_are_paged_the_newest_first(self, ann: Person, bob: Person, room: Json) -> None:
        ids = [host.invites(room)["id"] for host in (ann, bob, ann)]
        first = lists(bob, room, limit=2)
        assert [one["id"] for one in first.body] == [ids[2], ids[1]]
        assert [one["created_by"]["username"] for one in first.body] == ["ann", "bob"]
        rest = bob.follows(first.link("next") or "")
        assert ([one["id"] for one in rest.body], rest.link("next")) == ([ids[0]], None)
        assert bob.follows(rest.link("prev") or "").body == first.body

    def test_revoked_and_expired_invitations_are_not_listed(self, chat: Chat, ann: Person, room: Json) -> None:
        ann.invites(room, expires_in=60)
        kept, revoked = ann.invites(room), ann.invites(room)
        assert revokes(ann, room, revoked["id"]).status == 204
        chat.clock.advance(60)
        assert [one["id"] for one in lists(ann, room).body] == [kept["id"]]

    def test_an_invitation_is_revoked_through_its_own_room_only(self, ann: Person, eve: Person, room: Json) -> None:
        created, other = ann.invites(room), ann.makes_room("Other")
        for where, invite_id in ((other, created["id"]), (room, 0), (room, "x"), (room, 99), (room, "9" * 40)):
            assert outcome(revokes(ann, where, invite_id)) == DEAD
        assert accepts(eve, created["token"]).status == 200


class TestPreview:
    def test_a_stranger_sees_the_room_and_the_host(self, chat: Chat, bob: Person, room: Json) -> None:
        created = bob.invites(room)
        before = chat.dump(without=())
        answer = previews(chat.anyone, created["token"])
        assert answer.body == {
            "room": {"name": "Kitchen", "description": "Who cooks?", "participants_count": 3},
            "invited_by": {name: bob.user[name] for name in USER},
            "expires_at": created["expires_at"],
        }
        assert chat.dump(without=()) == before

    def test_previews_are_limited_by_address(self, make_chat: MakeChat) -> None:
        chat = make_chat(MINICHAT_RATE_LIMITS="on")
        ann = chat.person("ann")
        token = ann.invites(ann.makes_room())["token"]
        body = {"json": {"token": token}}
        chat.often(600, "POST", "/api/chat/invites/preview/", **body)
        answer = previews(chat.anyone, token)
        assert (answer.status, answer.code) == (429, "too_many_requests")
        assert int(answer.headers["Retry-After"]) > 0
        elsewhere = chat.anyone.sends(
            "POST", "/api/chat/invites/preview/", **body, environ_overrides={"REMOTE_ADDR": "192.0.2.9"}
        )
        assert elsewhere.status == 200


class TestAccepting:
    def test_the_holder_joins(self, ann: Person, eve: Person, room: Json) -> None:
        ann.says("before", in_=room)
        answer = accepts(eve, ann.invites(room)["token"])
        assert answer.status == 200
        assert answer.body == {"message": "You have joined the room.", "room": eve.looks_at(room)}
        assert (answer.body["room"]["role"], answer.body["room"]["unread_count"]) == ("member", 0)
        assert [one["used"] for one in lists(ann, room).body] == [1]

    def test_a_participant_costs_no_use(self, ann: Person, cid: Person, eve: Person, room: Json) -> None:
        token = ann.invites(room, uses=1)["token"]
        for _ in range(2):
            assert accepts(cid, token).body["room"] == cid.looks_at(room)
        assert [outcome(accepts(eve, token)) for _ in range(2)] == [(200, None)] * 2
        assert [one["used"] for one in lists(ann, room).body] == [1]

    def test_a_banned_user_is_403_also_if_it_is_used_up(
        self, chat: Chat, ann: Person, cid: Person, eve: Person, room: Json
    ) -> None:
        token = ann.invites(room, uses=1)["token"]
        ann.deletes(f"/api/chat/rooms/{room['id']}/participants/{cid.id}/?ban=true")
        assert outcome(accepts(cid, token)) == (403, "banned")
        accepts(eve, token)
        assert outcome(accepts(cid, token)) == (403, "banned")
        chat.clock.advance(604_800)
        ann = ann.logs_in()
        assert outcome(accepts(cid.logs_in(), token)) == DEAD

    def test_joining_is_an_event(self, ann: Person, eve: Person, room: Json) -> None:
        cursor = ann.gets("/api/chat/sync/").body["cursor"]
        accepts(eve, ann.invites(room)["token"])
        for person in (ann, eve):
            [event] = person.gets("/api/chat/sync/", after=cursor).body["events"]
            assert (event["type"], event["data"]["user"]["id"]) == ("participant.joined", eve.id)


class TestDeadInvitations:
    @pytest.mark.parametrize("language", ["en", "ru"])
    def test_every_dead_invitation_answers_the_same_bytes(
        self, chat: Chat, ann: Person, bob: Person, room: Json, language: str
    ) -> None:
        cid, dora = chat.person("dan"), chat.person("dora")
        expired, used, revoked = (ann.invites(room, **given) for given in ({"expires_in": 1}, {"uses": 1}, {}))
        removed = ann.makes_room("Gone")
        gone, demoted = ann.invites(removed), bob.invites(room)
        accepts(cid, used["token"])
        revokes(ann, room, revoked["id"])
        moderates(ann, bob, room, "member")
        ann.deletes(f"/api/chat/rooms/{removed['id']}/")
        chat.clock.advance(1)
        headers = {"X-Request-ID": "same", "Accept-Language": language}
        dead = [one["token"] for one in (expired, used, revoked, gone, demoted)]
        before = chat.dump(without=("audit", "attempt"))
        for path, visitor, fields in (
            ("/api/chat/invites/preview/", chat.anyone, {}),
            ("/api/chat/invites/accept/", dora, {}),
            ("/api/auth/register/", chat.anyone, {"username": "new", "password": PASSWORD}),
        ):
            name = "invite" if fields else "token"
            answers = [
                visitor.sends("POST", path, json={**fields, name: token}, headers=headers)
                for token in (*dead, "x" * 32, "", "\u0000")
            ]
            assert {outcome(answer) for answer in answers} == {DEAD}
            assert len({answer.raw for answer in answers}) == 1
            assert len({str(sorted(answer.headers)) for answer in answers}) == 1
        assert chat.dump(without=("audit", "attempt")) == before

    def test_an_invitation_ends_with_the_account_of_its_creator(
        self, chat: Chat, ann: Person, bob: Person, eve: Person, room: Json
    ) -> None:
        token, other = bob.invites(room)["token"], ann.invites(room)
        assert bob.sends("DELETE", "/api/auth/me/", json={"password": PASSWORD}).status == 204
        assert outcome(accepts(eve, token)) == outcome(previews(chat.anyone, token)) == DEAD
        assert [one["id"] for one in lists(ann, room).body] == [other["id"]]


class TestRegistering:
    def test_a_new_user_is_in_the_room(self, chat: Chat, ann: Person, room: Json) -> None:
        answer = registers(chat, ann.invites(room)["token"])
        assert (answer.status, set(answer.body)) == (201, {"user", "tokens", "message", "room"})
        new = Person(chat, answer.body["user"], answer.body["tokens"])
        assert answer.body["room"] == new.looks_at(room)
        assert answer.body["room"]["role"] == "member"
        assert "room" not in chat.anyone.posts("/api/auth/register/", username="newer", password=PASSWORD).body

    def test_a_dead_invitation_makes_no_account(self, chat: Chat, ann: Person, eve: Person, room: Json) -> None:
        token = ann.invites(room, uses=1)["token"]
        accepts(eve, token)
        before = chat.dump(without=())
        assert outcome(registers(chat, token)) == outcome(registers(chat, token, "ann")) == DEAD
        assert chat.dump(without=()) == before
        assert chat.anyone.posts("/api/auth/register/", username="new", password=PASSWORD, invite=None).status == 201

    def test_wrong_fields_and_a_taken_name_are_named(self, chat: Chat, ann: Person, room: Json) -> None:
        token = ann.invites(room, uses=1)["token"]
        assert set(registers(chat, token, "x", email="@", last_name="a\0").errors) == {"username", "email", "last_name"}
        assert set(registers(chat, 1, "x", surprise=1).errors) == {"username", "invite", "surprise"}
        assert outcome(registers(chat, token, "Ann")) == (409, "username_taken")
        assert registers(chat, token).status == 201


def test_an_export_has_the_invitations_of_the_user_without_tokens(
    ann: Person, bob: Person, eve: Person, room: Json
) -> None:
    created = bob.invites(room, uses=2)
    ann.invites(room)
    accepts(eve, created["token"])
    answer = bob.gets("/api/auth/me/export/")
    assert answer.body["invitations"] == [
        {
            "id": created["id"],
            "room": room["id"],
            "created_at": "2025-01-06T09:30:00.123Z",
            "expires_at": created["expires_at"],
            "uses": 2,
            "used": 1,
        }
    ]
    assert created["token"] not in answer.text


def test_every_act_is_in_the_audit_log(chat: Chat, ann: Person, bob: Person, eve: Person, room: Json) -> None:
    created = bob.invites(room)
    accepts(eve, created["token"])
    new = registers(chat, created["token"]).body["user"]
    revokes(ann, room, created["id"])
    noted = chat.sql("SELECT event, user_id, actor_id, detail FROM audit WHERE event LIKE ? ORDER BY id", "room.inv%")
    detail = f'{{"room":{room["id"]},"invitation":{created["id"]}}}'
    assert noted.fetchall() == [
        ("room.invitation_created", bob.id, bob.id, detail),
        ("room.invitation_accepted", eve.id, eve.id, detail),
        ("room.invitation_accepted", new["id"], new["id"], detail),
        ("room.invitation_revoked", bob.id, ann.id, detail),
    ]


def test_info_shows_the_options_and_limits_of_the_server(chat: Chat) -> None:
    answer = chat.anyone.gets("/api/info/")
    assert (answer.status, answer.body) == (
        200,
        {
            "registration": "open",
            "directory": "everyone",
            "password_reset": False,
            "languages": ["en", "ru"],
            "limits": {
                "content": 4_000,
                "username": [3, 32],
                "password": [8, 1_024],
                "room_name": 100,
                "description": 1_000,
                "participants": 200,
                "avatar_bytes": 2_097_152,
            },
        },
    )
