"""Concurrent requests over two workers: each gets a correct answer, and the database stays consistent.

Transactions collide, so the tests run on both databases. Password hashing is the same on both: SQLite only.
"""

import threading
import time
from itertools import cycle, islice, pairwise
from pathlib import Path
from statistics import median

import pytest

from e2e.crowd import (
    PASSWORD,
    at_once,
    call,
    check_database,
    check_numbers,
    meanwhile,
    register,
    rows,
)
from e2e.databases import on_sqlite_only
from scale import scaled

WORKERS = 2
SENDS = scaled(12, 400)
"""Number of messages from each of ten people."""
REGISTRATIONS = scaled(12, 50)
READER_REST_SECONDS = scaled(0.05, 0.0)
"""Without it, the readers of a short test are most of its load."""


@pytest.fixture(autouse=True)
def nothing_breaks(server):
    """After every test: no traceback, and a consistent database."""
    yield
    assert "Traceback" not in server.said
    check_database(server.database)


def work_of(pid):
    """Return the process's time on a core, in nanoseconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])


def statuses(answers):
    return sorted(answer.status for answer in answers)


def refresh(server, token):
    return call(server, "POST", "/api/auth/token/refresh/", {"refresh": token})


def me(server, token):
    return call(server, "GET", "/api/auth/me/", token=token)


def test_one_of_many_concurrent_registrations_of_one_name_succeeds(server):
    spellings = list(islice(cycle(["Rosa", "rosa", "ROSA", "ｒｏｓａ"]), REGISTRATIONS))

    def registration(name):
        body = {"username": name, "password": PASSWORD}
        return lambda: call(server, "POST", "/api/auth/register/", body)

    answers = at_once(registration(name) for name in spellings)
    assert statuses(answers) == [201] + [409] * (REGISTRATIONS - 1)
    assert {answer.json["code"] for answer in answers if answer.status == 409} == {"username_taken"}
    [winner] = [answer.json for answer in answers if answer.status == 201]
    [finder] = register(server, "finder")
    assert [user["id"] for user in finder.get("/api/auth/search/?q=rosa")["users"]] == [winner["user"]["id"]]
    for name in ("rosa", winner["user"]["username"]):
        assert call(server, "POST", "/api/auth/login/", {"username": name, "password": PASSWORD}).status == 200


def test_a_direct_chat_that_both_users_open_at_once_is_one_room(server):
    def opening(person, other):
        return lambda: person.call("POST", "/api/chat/create-direct-chat/", {"user_id": other.id})

    for number in range(6):  # several pairs, because not every pair collides
        dora, erik = register(server, f"dora{number}", f"erik{number}")
        answers = at_once(opening(*pair) for _ in range(10) for pair in ((dora, erik), (erik, dora)))
        assert statuses(answers) == [200] * 19 + [201]
        [room] = {answer.json["room"]["id"] for answer in answers}
        for person, other in ((dora, erik), (erik, dora)):
            [shown] = person.get("/api/chat/rooms/")
            assert (shown["id"], shown["name"], shown["participants_count"]) == (room, other.username, 2)


def test_concurrent_sends_are_numbered_without_gaps_in_the_order_that_every_reader_gets(server):
    writers = register(server, *(f"writer{number}" for number in range(10)))
    reader, *_ = writers
    room = reader.makes_room(*writers[1:])
    first = reader.says(room, "first").json
    is_over = threading.Event()
    before = {worker: work_of(worker) for worker in server.workers}

    def write(writer):
        """Send messages; those with a client_id twice at once."""
        sent = []
        for number in range(SENDS):
            client_id = f"c{number}" if number % 2 else None
            says = lambda number=number, client_id=client_id: writer.says(room, f"message {number}", client_id)  # noqa: E731
            began = time.monotonic()
            answers = [says()] if client_id is None else at_once([says, says])
            assert statuses(answers) == ([201] if client_id is None else [200, 201])
            created, *repeated = sorted(answers, key=lambda answer: -answer.status)
            assert all(answer.headers["Idempotency-Replayed"] == "true" for answer in repeated)
            assert all(answer.json["id"] == created.json["id"] for answer in repeated)
            sent.append((began, time.monotonic(), created.json))
        return sent

    def read(person):
        """Read the room page by page from its first message until the writers are done."""
        seen = [first]
        while True:
            is_last = is_over.is_set()
            new = person.get(f"/api/chat/messages/?room={room}&limit=200&after={seen[-1]['id']}")
            seen += new
            if is_last and not new:
                return seen
            is_over.wait(READER_REST_SECONDS)

    def write_all():
        try:
            return at_once(lambda writer=writer: write(writer) for writer in writers)
        finally:
            is_over.set()

    written, *seen = at_once([write_all, *(lambda person=person: read(person) for person in writers[:3])])

    work = [work_of(worker) - done for worker, done in before.items()]
    assert min(work) > sum(work) / (10 * WORKERS)
    history = reader.history(room)
    check_numbers(history)
    assert len(history) == 1 + 10 * SENDS
    order = [message["id"] for message in history]
    assert all([message["id"] for message in one] == order for one in seen)
    stored = {message["id"]: message for message in history}
    acknowledged = [message for sent in written for message in sent]
    for _, _, message in acknowledged:
        assert {**stored[message["id"]], "is_read": None} == {**message, "is_read": None}
    check_real_time_order(acknowledged)
    for sent in written:
        assert all(earlier[2]["seq"] < later[2]["seq"] for earlier, later in pairwise(sent))


def check_real_time_order(sent):
    """Fail unless a message acknowledged before another's send has the lower number."""
    ends = [(ended, "ended", message["seq"]) for _, ended, message in sent]
    begins = [(began, "began", message["seq"]) for began, _, message in sent]
    latest = 0
    for _, moment, seq in sorted(ends + begins):
        if moment == "ended":
            latest = max(latest, seq)
        else:
            assert seq > latest


def test_fifty_concurrent_refreshes_of_one_token_return_one_successor(server):
    [faye] = register(server, "faye")
    answers = at_once([lambda: refresh(server, faye.refresh)] * 50)
    assert statuses(answers) == [200] * 50
    [successor] = {answer.json["refresh"] for answer in answers}
    accesses = [faye.token, *(answer.json["access"] for answer in answers)]
    assert {me(server, token).status for token in accesses} == {200}

    newest = refresh(server, successor)
    assert newest.status == 200
    assert refresh(server, faye.refresh).json["code"] == "token_reused"
    assert {me(server, token).json["code"] for token in [*accesses, newest.json["access"]]} == {"session_ended"}
    assert refresh(server, newest.json["refresh"]).status == 401
    [(sessions,)] = rows(
        server.database,
        f"SELECT count(*) FROM session WHERE user_id = {faye.id} AND ended_at IS NULL",
    )
    assert sessions == 0


def test_a_stolen_token_ends_the_session_and_never_forks_it(server):
    [gina] = register(server, "gina")
    successor = refresh(server, gina.refresh).json["refresh"]
    # Either the thief's old token gets the same successor, or the owner's newer token has ended the session.
    answers = at_once([lambda: refresh(server, gina.refresh), lambda: refresh(server, successor)] * 10)
    thief, owner = answers[::2], answers[1::2]
    assert {answer.json["refresh"] for answer in thief if answer.status == 200} <= {successor}
    assert len({answer.json["refresh"] for answer in owner if answer.status == 200}) <= 1
    assert set(statuses(answers)) <= {200, 401}
    assert refresh(server, gina.refresh).status == 401
    assert me(server, gina.token).status == 401


def test_concurrent_joins_leaves_deletions_and_sends_leave_no_orphan(server):
    owners = register(server, *(f"owner{number}" for number in range(4)))
    guests = register(server, *(f"guest{number}" for number in range(4)))
    rooms = [owner.makes_room() for owner in owners]

    def come_and_go(guest):
        for room in rooms * 4:
            path = f"/api/chat/rooms/{room}"
            assert guest.call("POST", f"{path}/join/").status in {200, 404}
            assert guest.says(room, "am I in?").status in {201, 403, 404}
            assert guest.call("POST", f"{path}/leave/").status in {200, 404}

    def write(guest):
        for room in rooms * 12:
            assert guest.says(room, "is anybody here?").status in {201, 403, 404}

    def own(owner, room, is_leaving):
        for _ in range(15):
            assert owner.says(room, "mine").status == 201
        if is_leaving:
            assert owner.call("POST", f"/api/chat/rooms/{room}/leave/").status == 200
            assert owner.says(room, "still mine?").status in {403, 404}
        else:
            assert owner.call("DELETE", f"/api/chat/rooms/{room}/").status == 204
            assert owner.says(room, "still mine?").status == 404

    at_once(
        [
            *(lambda guest=guest: come_and_go(guest) for guest in guests),
            *(lambda guest=guest: write(guest) for guest in guests),
            *(
                lambda place=place: own(owners[place], rooms[place], is_leaving=place % 2 == 0)
                for place in range(len(rooms))
            ),
        ]
    )
    # `nothing_breaks` checks the database: counts, numbers, owners and authors.


def test_a_deletion_wins_against_concurrent_edits(server):
    [lena] = register(server, "lena")
    room = lena.makes_room()
    for number in range(8):
        first = lena.says(room, "first", f"c{number}").json
        path = f"/api/chat/messages/{first['id']}/"
        edits = [lambda edit=edit: lena.call("PATCH", path, {"content": f"edit {edit}"}) for edit in range(6)]  # noqa: B023
        deletion, *edited = at_once([lambda: lena.call("DELETE", path), *edits])  # noqa: B023
        assert deletion.status == 204
        assert set(statuses(edited)) <= {200, 409}
        assert {answer.json["code"] for answer in edited if answer.status == 409} <= {"message_deleted"}
        left = lena.get(path)
        assert (left["content"], left["is_deleted"], left["seq"]) == ("", True, first["seq"])
        again = lena.says(room, "first", f"c{number}")
        assert (again.status, again.json) == (200, left)
    order = "xid, id" if isinstance(server.database, str) else "id"
    changes = rows(
        server.database, f"SELECT message_id, kind FROM change WHERE message_id IS NOT NULL ORDER BY {order}"
    )
    ends = dict(changes)
    assert [ends[message["id"]] for message in lena.history(room)] == ["message.deleted"] * 8


def test_a_ban_wins_against_a_concurrent_join_addition_and_invitation(server):
    mona, nils, *guests = register(server, "mona", "nils", *(f"visitor{number}" for number in range(6)))
    room = mona.makes_room(nils)
    people = f"/api/chat/rooms/{room}/participants/"
    assert mona.call("PATCH", f"{people}{nils.id}/", {"role": "moderator"}).status == 200
    token = {"token": mona.call("POST", f"/api/chat/rooms/{room}/invites/").json["token"]}
    for guest in guests:
        added, joined, accepted, banned = at_once(
            [
                lambda: nils.call("POST", people, {"user_id": guest.id}),  # noqa: B023
                lambda: guest.call("POST", f"/api/chat/rooms/{room}/join/"),  # noqa: B023
                lambda: guest.call("POST", "/api/chat/invites/accept/", token),  # noqa: B023
                lambda: mona.call("DELETE", f"{people}{guest.id}/?ban=true"),  # noqa: B023
            ]
        )
        assert added.status in {200, 201} or added.json["code"] == "user_is_banned"
        assert joined.status == 200 or joined.json["code"] == "banned"
        assert accepted.status == 200 or accepted.json["code"] == "banned"
        assert banned.status == 204
        assert guest.says(room, "am I in?").json["code"] == "not_a_participant"
    assert [person["id"] for person in mona.get(people)["participants"]] == [mona.id, nils.id]
    assert {ban["id"] for ban in mona.get(f"/api/chat/rooms/{room}/bans/")} == {guest.id for guest in guests}


def test_one_of_many_concurrent_guests_and_newcomers_gets_the_last_use_of_an_invitation(server):
    olga, *guests = register(server, "host", *(f"invited{number}" for number in range(5)))
    room = olga.makes_room()
    token = olga.call("POST", f"/api/chat/rooms/{room}/invites/", {"uses": 1}).json["token"]
    form = {"password": PASSWORD, "invite": token}
    answers = at_once(
        [
            *(lambda one=one: one.call("POST", "/api/chat/invites/accept/", {"token": token}) for one in guests),
            *(
                lambda name=name: call(server, "POST", "/api/auth/register/", {"username": name, **form})
                for name in ("newcomer1", "newcomer2")
            ),
        ]
    )
    assert len([answer for answer in answers if answer.status in {200, 201}]) == 1
    assert [answer.json["code"] for answer in answers if answer.status == 404] == ["invitation_not_found"] * 6
    assert [one["used"] for one in olga.get(f"/api/chat/rooms/{room}/invites/")] == [1]
    assert len(olga.get(f"/api/chat/rooms/{room}/participants/")["participants"]) == 2
    # `nothing_breaks` checks the database: counts, owners and authors.


def test_concurrent_transfers_leaves_and_removals_keep_exactly_one_owner(server):
    crew = register(server, *(f"crew{number}" for number in range(4)))
    for _ in range(8):
        first, second, third, last = crew
        room = first.makes_room(second, third, last)
        people = f"/api/chat/rooms/{room}/participants/"
        answers = at_once(
            [
                lambda: first.call("PATCH", f"{people}{second.id}/", {"role": "owner"}),  # noqa: B023
                lambda: first.call("PATCH", f"{people}{third.id}/", {"role": "owner"}),  # noqa: B023
                lambda: first.call("POST", f"/api/chat/rooms/{room}/leave/"),  # noqa: B023
                lambda: second.call("POST", f"/api/chat/rooms/{room}/leave/"),  # noqa: B023
                lambda: second.call("DELETE", f"{people}{third.id}/"),  # noqa: B023
                lambda: third.call("DELETE", f"{people}{second.id}/?ban=true"),  # noqa: B023
            ]
        )
        assert set(statuses(answers)) <= {200, 204, 403, 404}
        roles = [person["role"] for person in last.get(people)["participants"]]
        assert roles.count("owner") == 1
    # `nothing_breaks` checks the database: counts, owners and authors.


def test_one_of_several_concurrent_password_changes_succeeds(server):
    [hana] = register(server, "hana")
    login = call(server, "POST", "/api/auth/login/", {"username": "hana", "password": PASSWORD}).json
    tokens = [hana.token, login["tokens"]["access"]]

    def change(place):
        body = {"old_password": PASSWORD, "new_password": f"another horse {place}"}
        return lambda: call(server, "POST", "/api/auth/change-password/", body, tokens[place % 2])

    answers = at_once(change(place) for place in range(6))
    [winner] = [place for place, answer in enumerate(answers) if answer.status == 200]
    assert set(statuses(answers)) <= {200, 400, 401}
    for place in range(6):
        body = {"username": "hana", "password": f"another horse {place}"}
        assert call(server, "POST", "/api/auth/login/", body).status == (200 if place == winner else 401)
    assert me(server, answers[winner].json["tokens"]["access"]).status == 200
    assert me(server, tokens[1 - winner % 2]).status == 401


@on_sqlite_only
def test_a_storm_of_logins_does_not_delay_other_requests(shared_servers, new_database):
    server = shared_servers.get(new_database, slow_passwords=True)
    ivan, jana = register(server, "ivan", "jana")
    room = ivan.makes_room(jana)
    log_ins = []

    def log_in():
        began = time.monotonic()
        answer = call(server, "POST", "/api/auth/login/", {"username": "jana", "password": PASSWORD})
        assert answer.status in {200, 503}
        if answer.status == 200:
            log_ins.append(time.monotonic() - began)

    def taken(action):
        began = time.monotonic()
        assert action().status in {200, 201}
        return time.monotonic() - began

    with meanwhile(log_in, times=12):
        sends = [taken(lambda: ivan.says(room, "hello")) for _ in range(20)]
        reads = [taken(lambda: ivan.call("GET", f"/api/chat/rooms/{room}/history/")) for _ in range(20)]
        looks = [taken(lambda: me(server, jana.token)) for _ in range(20)]
    assert len(log_ins) > 12
    # A log-in waits for five others. Any other request would, too, if it waited for hashes.
    for times in (sends, reads, looks):
        assert median(times) < median(log_ins) / 2
