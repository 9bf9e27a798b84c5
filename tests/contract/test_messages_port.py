"""The port `MessageStore`: messages, numbered without gaps."""

import pytest

from builders import undone
from contract.texts import TRICKY_TEXTS
from minichat.domain.model import Change, ChangeKind, HistoryAccess, Message, NewMessage, Role

NONE = 2**53 - 1


@pytest.fixture
def say(ports):
    def say_one(room, user, content="hello", at=2_000, client_id=None, reply_to=None):
        with ports.transaction():
            return ports.message_store.append(NewMessage(room.id, user.id, content, at, client_id, reply_to))

    return say_one


def contents(messages):
    return "".join(message.content for message in messages)


def test_a_new_message_has_the_given_fields(ports, say, room, ann):
    first = say(room, ann)
    message = say(room, ann, "hi", at=3_000, client_id="one", reply_to=first.id)
    assert message == Message(
        id=message.id,
        room_id=room.id,
        seq=2,
        user_id=ann.id,
        content="hi",
        created_at=3_000,
        edited_at=None,
        is_deleted=False,
        reply_to=first.id,
        client_id="one",
    )
    assert ports.message_store.get(message.id) == message
    assert ports.message_store.get(message.id).is_deleted is False
    assert ports.message_store.get(NONE) is None


def test_each_room_numbers_its_messages_separately(say, add_room, room, ann):
    other = add_room(ann)
    assert [say(where, ann).seq for where in (room, room, other, room, other)] == [1, 2, 1, 3, 2]


def test_ids_grow_over_all_rooms(say, add_room, room, ann):
    other = add_room(ann)
    ids = [say(where, ann).id for where in (room, other, room, other)]
    assert ids == sorted(set(ids))


def test_a_message_makes_its_room_active(ports, say, add_room, room, ann):
    other = add_room(ann)
    say(room, ann, at=7_000)
    found = ports.room_store.access(room.id, ann.id)[0]
    assert (found.last_seq, found.active_at, found.created_at) == (1, 7_000, 1_000)
    assert ports.room_store.access(other.id, ann.id)[0].active_at == 1_000


def test_the_deleted_messages_in_a_range_are_counted(ports, say, add_room, room, ann):
    other = add_room(ann)
    said = [say(room, ann) for _ in range(5)]
    for message in (said[0], said[2], said[3], say(other, ann)):
        with ports.transaction():
            ports.message_store.update(message._replace(content="", is_deleted=True), None)
    ranges = [(0, 5), (1, 5), (2, 3), (3, 3), (4, 5), (0, 0), (5, 99)]
    assert [ports.message_store.count_deleted(room.id, *limits) for limits in ranges] == [3, 2, 1, 0, 0, 0, 0]


def test_a_rollback_leaves_no_hole(ports, say, room, ann):
    say(room, ann)
    with undone(ports):
        assert ports.message_store.append(NewMessage(room.id, ann.id, "lost", 3_000, "one")).seq == 2
    assert say(room, ann).seq == 2
    assert [message.seq for message in ports.message_store.before(room.id, None, 9)] == [1, 2]


def test_several_messages_of_one_transaction_follow_each_other(ports, room, ann):
    with ports.transaction():
        seqs = [ports.message_store.append(NewMessage(room.id, ann.id, "x", 1, None)).seq for _ in range(3)]
    assert seqs == [1, 2, 3]


# Client ids


def test_a_used_client_id_adds_nothing_and_spends_no_seq(ports, say, room, ann):
    first = say(room, ann, at=2_000, client_id="one")
    before = ports.room_store.view(room.id, ann.id)
    assert say(room, ann, "other", at=3_000, client_id="one") is None
    assert ports.room_store.view(room.id, ann.id) == before
    assert ports.message_store.before(room.id, None, 9) == [first]
    assert say(room, ann).seq == 2


def test_a_used_client_id_does_not_break_its_transaction(ports, say, room, ann, bob):
    say(room, ann, client_id="one")
    with ports.transaction():
        ports.message_store.append(NewMessage(room.id, bob.id, "kept", 3_000, "one"))
        assert ports.message_store.append(NewMessage(room.id, ann.id, "not", 4_000, "one")) is None
        assert ports.room_store.access(room.id, ann.id)[0].last_seq == 2
        assert ports.message_store.append(NewMessage(room.id, ann.id, "kept too", 5_000, "two")).seq == 3
    assert ports.room_store.access(room.id, ann.id)[0].active_at == 5_000


def test_a_client_id_used_in_the_same_transaction_is_used(ports, room, ann):
    with ports.transaction():
        assert ports.message_store.append(NewMessage(room.id, ann.id, "x", 1, "one"))
        assert ports.message_store.append(NewMessage(room.id, ann.id, "x", 1, "one")) is None


def test_a_client_id_belongs_to_one_user_in_one_room(say, add_room, room, ann, bob):
    other = add_room(ann)
    assert say(room, ann, client_id="one")
    assert say(room, bob, client_id="one")
    assert say(other, ann, client_id="one")
    assert say(room, ann, client_id="ONE")


def test_messages_without_client_id_never_clash(say, room, ann):
    assert [say(room, ann).seq for _ in range(3)] == [1, 2, 3]


def test_a_message_is_found_by_its_client_id(ports, say, room, ann, bob):
    message = say(room, ann, client_id="one")
    say(room, ann, client_id="two")
    assert ports.message_store.by_client_id(room.id, ann.id, "one") == message
    assert ports.message_store.by_client_id(room.id, ann.id, "One") is None
    assert ports.message_store.by_client_id(room.id, bob.id, "one") is None
    assert ports.message_store.by_client_id(NONE, ann.id, "one") is None


# Changing


def test_an_update_keeps_its_three_fields_and_nothing_else(ports, say, room, ann):
    other, message = say(room, ann, "other"), say(room, ann, client_id="one")
    changed = message._replace(content="changed", edited_at=7_000, is_deleted=True)
    with ports.transaction():
        ports.message_store.update(changed._replace(seq=77, user_id=77, created_at=1, client_id="two"), None)
    assert ports.message_store.get(message.id) == ports.message_store.by_client_id(room.id, ann.id, "one") == changed
    assert ports.message_store.get(message.id).is_deleted is True
    assert ports.room_store.view(room.id, ann.id).last_message == changed
    assert ports.message_store.get(other.id) == other


def test_the_first_digest_stays(ports, say, room, ann):
    other, message = say(room, ann), say(room, ann)
    assert ports.message_store.first_digest(message.id) is None
    for digest in (None, "first", "second", None):
        with ports.transaction():
            ports.message_store.update(message, digest)
    assert ports.message_store.first_digest(message.id) == "first"
    assert ports.message_store.first_digest(other.id) is None
    assert ports.message_store.first_digest(NONE) is None


def test_the_digests_of_one_user_are_forgotten(ports, say, room, ann, bob):
    messages = [say(room, user) for user in (ann, ann, bob)]
    with ports.transaction():
        for message in messages:
            ports.message_store.update(message, "digest")
        ports.message_store.forget_digests(ann.id)
    assert [ports.message_store.first_digest(message.id) for message in messages] == [None, None, "digest"]


# Lists of a room


@pytest.fixture
def five(say, add_room, room, ann, bob):
    """Messages "1" to "5" in the room, among others in another."""
    other = add_room(ann, bob)
    for number in "12345":
        say(room, ann, number)
        say(other, bob, "x")


@pytest.mark.parametrize(
    ("seq", "limit", "expected"),
    [
        (None, 9, "12345"),
        (None, 5, "12345"),
        (None, 2, "45"),
        (None, 1, "5"),
        (4, 2, "23"),
        (3, 2, "12"),
        (3, 9, "12"),
        (2, 1, "1"),
        (1, 2, ""),
        (0, 2, ""),
        (6, 2, "45"),
        (NONE, 1, "5"),
    ],
)
def test_before_gives_the_newest_with_a_smaller_seq(ports, five, room, seq, limit, expected):
    assert contents(ports.message_store.before(room.id, seq, limit)) == expected


@pytest.mark.parametrize(
    ("seq", "limit", "expected"),
    [(0, 9, "12345"), (0, 2, "12"), (2, 2, "34"), (3, 2, "45"), (4, 2, "5"), (5, 2, ""), (NONE, 2, ""), (1, 1, "2")],
)
def test_after_gives_the_oldest_with_a_larger_seq(ports, five, room, seq, limit, expected):
    assert contents(ports.message_store.after(room.id, seq, limit)) == expected


def test_lists_of_a_room_without_messages_are_empty(ports, room):
    for room_id in (room.id, NONE):
        assert ports.message_store.before(room_id, None, 5) == []
        assert ports.message_store.before(room_id, 5, 5) == []
        assert ports.message_store.after(room_id, 0, 5) == []


# Lists over all rooms of a user


@pytest.fixture
def six(say, add_room, ann, bob, carl):
    """Messages "1" to "6" in two rooms of ann, one by one with those of a room that she is not in."""
    here, there, elsewhere = add_room(ann, bob), add_room(carl, ann), add_room(bob, carl)
    messages = []
    for number in "123456":
        messages.append(say(here if number in "156" else there, bob if number in "156" else carl, number))
        say(elsewhere, carl, "x")
    return {message.content: message.id for message in messages}


@pytest.mark.parametrize(
    ("edge", "limit", "expected"),
    [
        (None, 9, "123456"),
        (None, 6, "123456"),
        (None, 3, "456"),
        (None, 1, "6"),
        ("5", 2, "34"),
        ("3", 2, "12"),
        ("3", 9, "12"),
        ("2", 1, "1"),
        ("1", 2, ""),
    ],
)
def test_latest_before_gives_the_newest_with_a_smaller_id(ports, six, ann, edge, limit, expected):
    assert contents(ports.message_store.latest_before(ann.id, edge and six[edge], limit)) == expected


@pytest.mark.parametrize(
    ("edge", "limit", "expected"),
    [("1", 9, "23456"), ("1", 2, "23"), ("3", 2, "45"), ("4", 2, "56"), ("5", 2, "6"), ("6", 2, ""), ("2", 1, "3")],
)
def test_latest_after_gives_the_oldest_with_a_larger_id(ports, six, ann, edge, limit, expected):
    assert contents(ports.message_store.latest_after(ann.id, six[edge], limit)) == expected


def test_latest_starts_before_every_id(ports, six, ann):
    assert contents(ports.message_store.latest_after(ann.id, 0, 9)) == "123456"
    assert contents(ports.message_store.latest_before(ann.id, NONE, 9)) == "123456"


def test_latest_shows_the_rooms_that_one_is_in_now(ports, six, ann):
    room_id = ports.message_store.get(six["1"]).room_id
    with ports.transaction():
        ports.membership_store.remove(ports.room_store.access(room_id, ann.id)[1])
    assert contents(ports.message_store.latest_before(ann.id, None, 9)) == "234"
    assert contents(ports.message_store.latest_after(ann.id, six["2"], 9)) == "34"


def test_a_user_in_no_room_has_no_latest_messages(ports, six, add_user):
    dora = add_user("dora")
    assert ports.message_store.latest_before(dora.id, None, 9) == []
    assert ports.message_store.latest_after(dora.id, 0, 9) == []


@pytest.mark.parametrize("text", TRICKY_TEXTS)
def test_text_is_stored_exactly(ports, say, room, ann, text):
    message = say(room, ann, text, client_id=text)
    assert message.content == message.client_id == text
    for found in (
        ports.message_store.get(message.id),
        ports.message_store.by_client_id(room.id, ann.id, text),
        *ports.message_store.before(room.id, None, 5),
        *ports.message_store.latest_before(ann.id, None, 5),
        ports.room_store.view(room.id, ann.id).last_message,
    ):
        assert found == message
    assert say(room, ann, client_id=text) is None


def test_a_message_and_its_change_are_written_together(backend, ports, room, ann):
    with ports.transaction(room=room.id):
        message = ports.message_store.append(NewMessage(room.id, ann.id, "hello", 3_000, "one"))
        assert ports.message_store.append(NewMessage(room.id, ann.id, "hello", 4_000, "one")) is None
    assert [*backend.log()] == [Change(ChangeKind.MESSAGE_CREATED, room.id, 3_000, ann.id, message.id)]


def test_all_messages_of_a_user_are_listed_by_id_over_all_rooms(ports, say, add_room, room, ann, bob):
    other = add_room(ann, bob)
    mine = [say(where, ann, content) for where, content in ((room, "a"), (other, "b"), (room, "c"))]
    say(room, bob, "not mine")
    with ports.transaction():
        ports.membership_store.remove(ports.room_store.access(other.id, ann.id)[1])
    assert list(ports.message_store.all_by(ann.id, 0, 2)) == mine[:2]
    assert list(ports.message_store.all_by(ann.id, mine[1].id, 2)) == mine[2:]
    assert list(ports.message_store.all_by(ann.id, mine[2].id, 2)) == []


def test_messages_of_a_removed_room_are_not_found(ports, say, add_room, room, ann, bob):
    removed = add_room(ann)
    say(removed, ann, "gone")
    kept = say(room, ann, "kept")
    with ports.transaction():
        ports.room_store.remove(removed.id, 3_000)
    assert list(ports.message_store.all_by(ann.id, 0, 9)) == [kept]


def test_sending_moves_the_senders_receipt_only(ports, ann, bob, room):
    with ports.transaction():
        ports.message_store.append(NewMessage(room.id, bob.id, "first", 1, None))
        ports.message_store.append(NewMessage(room.id, ann.id, "second", 1, "one"))
    assert ports.membership_store.readers({room.id: {ann.id, bob.id}}) == {room.id: {ann.id: (2, 1), bob.id: (1, 1)}}
    with ports.transaction():
        assert ports.message_store.append(NewMessage(room.id, ann.id, "second", 1, "one")) is None
    assert ports.membership_store.readers({room.id: {ann.id, bob.id}}) == {room.id: {ann.id: (2, 1), bob.id: (1, 1)}}


def test_messages_are_found_by_id_except_in_removed_rooms(ports, ann, add_room):
    room, removed = add_room(ann), add_room(ann)
    with ports.transaction():
        first, second, third = (
            ports.message_store.append(NewMessage(here.id, ann.id, "hello", 1, None)) for here in (room, removed, room)
        )
        ports.room_store.remove(removed.id, 2)
    assert ports.message_store.by_ids([third.id, first.id, second.id, 99]) == {first.id: first, third.id: third}
    assert ports.message_store.by_ids([]) == {}


def test_latest_omits_the_messages_that_a_room_hides(ports, say, add_room, ann, bob, carl):
    room, other = add_room(ann), add_room(ann, carl)
    said = [say(room, ann, f"{number}") for number in range(3)]
    elsewhere = say(other, ann, "x")
    with ports.transaction(room=room.id):
        ports.membership_store.add(room.id, carl.id, Role.MEMBER, said[1].seq)
        ports.room_store.update(room._replace(history=HistoryAccess.JOINED))
    say(room, ann, "3")
    store = ports.message_store
    assert contents(store.latest_before(carl.id, None, 9)) == "2x3"
    assert contents(store.latest_before(carl.id, elsewhere.id, 9)) == "2"
    assert contents(store.latest_before(carl.id, said[2].id, 9)) == ""
    assert contents(store.latest_after(carl.id, 0, 2)) == "2x"
    assert contents(store.latest_after(carl.id, said[2].id, 9)) == "x3"
    assert contents(store.latest_before(ann.id, None, 9)) == "012x3"
    receipts = ports.membership_store.receipts(carl.id, [room.id, other.id])
    assert [receipts[one.id].first_seq for one in (room, other)] == [3, 1]
    readers = ports.membership_store.readers({room.id: {ann.id, carl.id, bob.id}})[room.id]
    assert {user_id: first_seq for user_id, (_, first_seq) in readers.items()} == {ann.id: 1, carl.id: 3}


def test_the_newest_message_of_a_user_in_a_room_is_found_up_to_an_age(ports, say, add_room, room, ann, bob):
    other, empty = add_room(ann, bob), add_room(ann, bob)
    say(room, ann, at=1_000)
    say(room, ann, at=5_000)
    say(room, bob, at=6_000)
    for at in range(6_000, 6_005):
        say(other, ann, at=at)
    sent_since = ports.message_store.sent_since
    assert sent_since(room.id, ann.id, 4_999) == 5_000
    assert sent_since(room.id, ann.id, 5_000) is None
    assert sent_since(room.id, bob.id, 0) == 6_000
    assert sent_since(empty.id, ann.id, 0) is None
    assert sent_since(NONE, NONE, 0) is None
