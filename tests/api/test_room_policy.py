"""`write`, `cooldown` and `history` of `/api/chat/rooms/`, and their effect on messages and events."""

from api.client import Json, Person

ROOMS, MESSAGES = "/api/chat/rooms/", "/api/chat/messages/"


def policy_of(room: Json) -> tuple[object, ...]:
    return (room["write"], room["cooldown"], room["history"])


def test_a_room_shows_and_takes_its_policy(ann: Person, bob: Person, room: Json) -> None:
    assert policy_of(room) == ("all", 0, "all")
    made = ann.posts(ROOMS, name="News", write="moderators", cooldown=60, history="joined")
    assert (made.status, *policy_of(made.body)) == (201, "moderators", 60, "joined")
    path = f"{ROOMS}{room['id']}/"
    assert policy_of(ann.patches(path, cooldown=5).body) == ("all", 5, "all")
    shown = ann.gets(path).body
    assert policy_of(ann.puts(path, **{**shown, "write": "moderators"}).body) == ("moderators", 5, "all")
    assert bob.patches(path, cooldown=0).code == "role_too_low"


def test_a_wrong_policy_is_named_field_by_field(ann: Person, room: Json) -> None:
    wrong = {"write": "owner", "cooldown": 3601, "history": "none", "name": " "}
    for answer in (ann.posts(ROOMS, **wrong), ann.patches(f"{ROOMS}{room['id']}/", **wrong)):
        assert (answer.status, set(answer.errors)) == (400, set(wrong))
    assert policy_of(ann.looks_at(room)) == ("all", 0, "all")


def test_a_moderator_may_send_the_history_back_but_not_change_it(ann: Person, bob: Person, room: Json) -> None:
    path = f"{ROOMS}{room['id']}/"
    ann.patches(f"{path}participants/{bob.id}/", role="moderator")
    assert bob.puts(path, **{**bob.gets(path).body, "cooldown": 9}).status == 200
    assert bob.patches(path, history="joined").code == "role_too_low"
    assert policy_of(ann.looks_at(room)) == ("all", 9, "all")


def test_announcements_and_a_cooldown_refuse_a_members_message(ann: Person, bob: Person, room: Json) -> None:
    ann.patches(f"{ROOMS}{room['id']}/", write="moderators")
    for answer in (
        bob.posts(MESSAGES, room=room["id"], content="hello"),
        bob.posts(f"{ROOMS}{room['id']}/typing/"),
    ):
        assert (answer.status, answer.code) == (403, "announcements_only")
    ann.patches(f"{ROOMS}{room['id']}/", write="all", cooldown=30)
    sent = {"room": room["id"], "content": "hello", "client_id": "one"}
    assert bob.posts(MESSAGES, **sent).status == 201
    answer = bob.posts(MESSAGES, room=room["id"], content="again")
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (429, "cooldown", "30")
    again = bob.posts(MESSAGES, **sent)
    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")


def test_a_hidden_message_and_an_unknown_one_give_the_same_answers(ann: Person, eve: Person, room: Json) -> None:
    ann.patches(f"{ROOMS}{room['id']}/", history="joined")
    hidden = ann.says("before", in_=room)
    ann.puts(f"{MESSAGES}{hidden['id']}/pin/")
    eve.joins(room)
    calls: list[tuple[str, str, Json | None]] = [
        ("GET", "", None),
        ("PATCH", "", {"content": "x"}),
        ("DELETE", "", None),
        ("PUT", "pin/", None),
        ("PUT", "reactions/%F0%9F%91%8D/", None),
        ("GET", "reactions/", None),
    ]
    for method, end, body in calls:
        answers = [
            eve.sends(method, f"{MESSAGES}{id_}/{end}", headers={"X-Request-ID": "same"}, json=body)
            for id_ in (hidden["id"], 99)
        ]
        assert [answer.status for answer in answers] == [404, 404], (method, end)
        assert answers[0].text == answers[1].text
    for side in ("before", "after", "around"):
        assert eve.history(room, **{side: hidden["id"]}).errors == eve.history(room, **{side: 99}).errors != {}
    assert eve.history(room, around_seq=hidden["seq"]).body["messages"] == []
    replies = [eve.posts(MESSAGES, room=room["id"], content="x", reply_to=id_).errors for id_ in (hidden["id"], 99)]
    assert replies[0] == replies[1] != {}
    assert eve.gets(f"{ROOMS}{room['id']}/pins/").body == []
    assert eve.gets("/api/chat/search/", q="before").body == []
    assert eve.gets(MESSAGES).body == eve.gets(MESSAGES, room=room["id"]).body == []
    assert eve.looks_at(room)["last_message"] is None
    assert [one["last_message"] for one in eve.gets(ROOMS).body] == [None]


def test_changes_of_hidden_messages_send_no_event(ann: Person, bob: Person, eve: Person, room: Json) -> None:
    ann.patches(f"{ROOMS}{room['id']}/", history="joined")
    hidden = ann.says("before", in_=room)
    eve.joins(room)
    cursors = {person: person.gets("/api/chat/sync/").body["cursor"] for person in (bob, eve)}
    ann.patches(f"{MESSAGES}{hidden['id']}/", content="edited")
    bob.puts(f"{MESSAGES}{hidden['id']}/reactions/%F0%9F%91%8D/")
    ann.puts(f"{MESSAGES}{hidden['id']}/pin/")
    seen = ann.says("after", in_=room)
    ann.patches(f"{MESSAGES}{seen['id']}/", content="after all")
    ann.deletes(f"{MESSAGES}{hidden['id']}/")

    def kinds(person: Person) -> list[str]:
        return [one["type"] for one in person.gets("/api/chat/sync/", after=cursors[person]).body["events"]]

    # A reaction to a message that is deleted by now has no event.
    changes = ["message.updated", "message.pinned", "message.created", "message.updated", "message.deleted"]
    assert kinds(bob) == changes
    assert kinds(eve) == ["message.created", "message.updated"]
