"""Sending and reading messages."""

import pytest

from builders import Person, contents, issues_of
from minichat.adapters.memory import MemoryMembershipStore, MemoryMessageStore, MemoryRoomStore
from minichat.domain.errors import ClientIdReused, InvalidInput, Issue, NotAParticipant, RoomNotFound
from minichat.domain.history import MessageWindow
from minichat.domain.model import Receipts


@pytest.fixture
def room(ann, bob):
    """A room of ann and bob."""
    return ann.makes_room("Tea", with_=[bob])


@pytest.fixture
def said(ann, room):
    """Nine messages in the room, "1" to "9"."""
    return [ann.says(str(number), in_=room).message for number in range(1, 10)]


# Sending


def test_a_message_gets_a_number_a_date_and_a_change(chat, ann, room):
    chat.clock.advance(5)
    sent = ann.says("hello", in_=room)
    message = sent.message
    assert (message.room_id, message.seq, message.user_id, message.content) == (room.id, 1, ann.id, "hello")
    assert (message.created_at, message.edited_at, message.is_deleted) == (chat.clock(), None, False)
    assert (message.reply_to, message.client_id) == (None, None)
    assert (sent.details.people[ann.id], sent.is_replay) == (ann.user, False)
    change = chat.memory.changes.log[-1]
    assert change.kind.value == "message.created"
    assert (change.room_id, change.user_id, change.message_id, change.at) == (room.id, ann.id, message.id, chat.clock())


def test_all_wrong_fields_of_a_message_are_reported_together(chat, ann, room):
    elsewhere = ann.says("hello", in_=ann.makes_room("Cellar")).message
    wrong = {"content": ["blank"], "client_id": ["too_long"], "reply_to": ["unknown_message"]}
    with chat.nothing_changes():
        assert issues_of(lambda: ann.says(" ", in_=room, client_id="x" * 65, reply_to=elsewhere)) == wrong
        check = chat.services.messaging.check_sent
        form = {"content": " ", "client_id": "x" * 65, "reply_to": elsewhere.id}
        assert issues_of(lambda: check(ann.id, room.id, **form)) == wrong
        assert issues_of(lambda: check(ann.id, **form)) == {"content": ["blank"], "client_id": ["too_long"]}
        assert issues_of(lambda: check(ann.id, room.id, content="x")) == {}


def test_a_check_reveals_to_no_stranger_which_messages_a_room_holds(chat, room, said):
    eve = chat.person("eve")
    for message in (said[0].id, 99):
        assert (
            issues_of(lambda message=message: chat.services.messaging.check_sent(eve.id, room.id, reply_to=message))
            == {}
        )


def test_a_check_of_a_window_reports_what_the_list_would_report(chat, ann, room, said):
    elsewhere = ann.says("hello", in_=ann.makes_room("Cellar")).message
    check = chat.services.history.check_window
    for room_id, window, issues in (
        (room.id, MessageWindow(1, before=elsewhere.id), {"before": ["unknown_message"]}),
        (None, MessageWindow(1, before=elsewhere.id), {}),
        (None, MessageWindow(1, around=99), {}),
        (None, MessageWindow(1, before=1, after=2), {"before": ["exclusive"], "after": ["exclusive"]}),
        (99, MessageWindow(1, before=1, after=2), {"before": ["exclusive"], "after": ["exclusive"]}),
        (room.id, MessageWindow(1, after=said[0].id), {}),
        (room.id, MessageWindow(1), {}),
    ):
        assert issues_of(lambda r=room_id, w=window: check(ann.id, r, w)) == issues


def test_each_room_counts_its_own_messages_without_holes(ann, bob, room):
    other = bob.makes_room()
    seqs = [
        ann.says("a", in_=room).message.seq,
        bob.says("b", in_=other).message.seq,
        bob.says("c", in_=room).message.seq,
        ann.says("d", in_=room).message.seq,
    ]
    assert seqs == [1, 1, 2, 3]


def test_a_refused_message_leaves_no_hole(ann, carl, room):
    ann.says("one", in_=room)
    with pytest.raises(NotAParticipant):
        carl.says("let me in", in_=room)
    assert ann.says("two", in_=room).message.seq == 2


def test_sending_moves_the_room_to_the_top(chat, ann, room):
    chat.clock.advance(60)
    ann.says("hello", in_=room)
    view = ann.looks_at(room)
    assert (view.room.last_seq, view.room.active_at, view.last_message.content) == (1, chat.clock(), "hello")


def test_sending_counts_as_reading(ann, bob, room):
    ann.says("one", in_=room)
    bob.says("two", in_=room)
    assert bob.unread(room) == 0
    assert ann.unread(room) == 1
    assert ann.looks_at(room).others_seen_seq == 2


def test_a_new_message_is_read_by_its_author_only(ann, room):
    assert ann.says("hello", in_=room).receipts == Receipts(own_seq=1, others_seq=0)


@pytest.mark.parametrize(
    "content", ["x", "x" * 4000, "😀" * 4000, " leading and trailing\n", "quotes \"' -- \\ %s {}", "й\u0483 \u202eabc"]
)
def test_content_is_stored_exactly(ann, bob, room, content):
    ann.says(content, in_=room)
    assert contents(bob.history(room)) == [content]


def test_content_is_normalised_on_its_way_in(ann, room):
    assert ann.says("cafe\u0301\r\n", in_=room).message.content == "café\n"


@pytest.mark.parametrize(
    ("content", "issue"),
    [
        ("", "blank"),
        (" \n\t", "blank"),
        ("x" * 4001, "too_long"),
        ("a\0", "control_characters"),
        ("\ud83d", "control_characters"),
    ],
)
def test_blank_and_long_messages_are_rejected(chat, ann, room, content, issue):
    with chat.nothing_changes():
        assert issues_of(lambda: ann.says(content, in_=room)) == {"content": [issue]}


def test_only_participants_speak(chat, ann, carl, room):
    with chat.nothing_changes(), pytest.raises(NotAParticipant):
        carl.says("hello", in_=room)
    private = ann.makes_room(private=True)
    with chat.nothing_changes(), pytest.raises(RoomNotFound):
        carl.says("hello", in_=private)
    with chat.nothing_changes(), pytest.raises(RoomNotFound):
        chat.services.messaging.send(carl.user, 99, "hello")


def test_an_author_removed_before_the_insert_sends_nothing(chat, ann, bob, room):
    chat.meanwhile(lambda: bob.leaves(room))
    with pytest.raises(NotAParticipant):
        bob.says("hello", in_=room)
    assert contents(ann.history(room)) == []


# Replies


def test_a_reply_refers_to_its_message(ann, bob, room):
    question = ann.says("tea?", in_=room).message
    bob.says("yes", in_=room, reply_to=question)
    assert [message.reply_to for message in ann.history(room).messages] == [None, question.id]


def test_a_reply_stays_in_its_room(chat, ann, bob, room):
    elsewhere = ann.makes_room(with_=[bob])
    other = ann.says("tea?", in_=elsewhere).message
    for message in (other, other._replace(id=999)):
        with chat.nothing_changes():
            assert issues_of(lambda message=message: bob.says("yes", in_=room, reply_to=message)) == {
                "reply_to": ["unknown_message"]
            }


def test_a_stranger_learns_nothing_from_replying(ann, carl, room):
    question = ann.says("tea?", in_=room).message
    with pytest.raises(NotAParticipant):
        carl.says("yes", in_=room, reply_to=question)


# Sending again


def test_the_same_client_id_sends_once(chat, ann, bob, room):
    first = ann.says("hello", in_=room, client_id="one")
    bob.says("hi", in_=room)
    chat.clock.advance(60)
    with chat.nothing_changes():
        again = ann.says("hello", in_=room, client_id="one")
    assert again.is_replay
    assert not first.is_replay
    assert again.message == first.message
    assert contents(bob.history(room)) == ["hello", "hi"]


def test_a_retry_shows_whether_the_message_was_read(ann, bob, room):
    ann.says("hello", in_=room, client_id="one")
    bob.reads(room, up_to=1)
    assert ann.says("hello", in_=room, client_id="one").receipts == Receipts(own_seq=1, others_seq=1)


def test_a_repetition_is_compared_in_normal_form(ann, room):
    first = ann.says("cafe\u0301\r\n", in_=room, client_id="one")
    assert ann.says("caf\u00e9\n", in_=room, client_id="one").message == first.message


def test_a_client_id_is_stored_exactly(ann, room):
    assert ann.says("hello", in_=room, client_id=" one ").message.client_id == " one "
    assert not ann.says("hello", in_=room, client_id="one").is_replay


def test_a_client_id_with_other_content_is_a_conflict(chat, ann, room):
    ann.says("hello", in_=room, client_id="one")
    with chat.nothing_changes(), pytest.raises(ClientIdReused):
        ann.says("hello!", in_=room, client_id="one")


def test_a_client_id_with_another_reply_is_a_conflict(chat, ann, bob, room):
    question = bob.says("tea?", in_=room).message
    answer = ann.says("yes", in_=room, client_id="one", reply_to=question)
    assert ann.says("yes", in_=room, client_id="one", reply_to=question).message == answer.message
    with chat.nothing_changes(), pytest.raises(ClientIdReused):
        ann.says("yes", in_=room, client_id="one")


def test_a_client_id_belongs_to_one_user_in_one_room(ann, bob, room):
    other = ann.makes_room()
    sent = [
        ann.says("hello", in_=room, client_id="one"),
        bob.says("hello", in_=room, client_id="one"),
        ann.says("hello", in_=other, client_id="one"),
        ann.says("hello", in_=room, client_id="One"),
    ]
    assert not any(message.is_replay for message in sent)


def test_messages_without_client_id_are_never_deduplicated(ann, room):
    assert ann.says("hello", in_=room).message.id != ann.says("hello", in_=room).message.id


@pytest.mark.parametrize(
    ("client_id", "issue"),
    [("", "blank"), (" ", "blank"), ("x" * 65, "too_long"), ("a\nb", "not_one_line"), ("a\0", "control_characters")],
)
def test_a_client_id_has_1_to_64_characters_in_a_line(chat, ann, room, client_id, issue):
    with chat.nothing_changes():
        assert issues_of(lambda: ann.says("hello", in_=room, client_id=client_id)) == {"client_id": [issue]}
    for fine in ("x", "x" * 64, "😀"):
        assert ann.says("hello", in_=room, client_id=fine).message.client_id == fine


def test_all_issues_of_a_message_are_reported_together(ann, room):
    assert issues_of(lambda: ann.says("", in_=room, client_id="")) == {"content": ["blank"], "client_id": ["blank"]}


def test_a_former_participant_cannot_retry(chat, ann, bob, room):
    bob.says("hello", in_=room, client_id="one")
    bob.leaves(room)
    with chat.nothing_changes(), pytest.raises(NotAParticipant):
        bob.says("hello", in_=room, client_id="one")


def test_of_two_repetitions_at_once_the_faster_sends(chat, ann, room):
    chat.meanwhile(lambda: ann.says("hello", in_=room, client_id="one"))
    assert ann.says("hello", in_=room, client_id="one").is_replay
    assert contents(ann.history(room)) == ["hello"]


def test_a_retry_during_the_removal_gets_a_consistent_answer(chat, bob, room):
    bob.says("hello", in_=room, client_id="one")

    class Messages(MemoryMessageStore):
        """Bob leaves as soon as no transaction holds the room."""

        def by_client_id(self, room_id, user_id, client_id):
            try:
                bob.leaves(room)
            except RuntimeError:
                return super().by_client_id(room_id, user_id, client_id)
            raise AssertionError("a repetition must be answered in the transaction that found it to be one")

    busy = chat.with_ports(message_store=Messages(chat.memory.store, chat.memory.changes))
    assert Person(busy, bob.user, bob.grant).says("hello", in_=room, client_id="one").is_replay


# History


def test_history_is_oldest_first_with_the_newest_page_by_default(bob, room, said):
    page = bob.history(room, 3)
    assert contents(page) == ["7", "8", "9"]
    assert (page.has_older, page.has_newer) == (True, False)


def test_a_history_of_one_page_has_no_older_and_no_newer_messages(bob, room, said):
    page = bob.history(room, 9)
    assert contents(page) == list("123456789")
    assert (page.has_older, page.has_newer) == (False, False)


def test_an_empty_room_has_an_empty_history(ann, room):
    page = ann.history(room)
    assert (contents(page), page.has_older, page.has_newer) == ([], False, False)


@pytest.mark.parametrize(
    ("before", "limit", "expected", "has_older"),
    [(9, 3, "678", True), (4, 3, "123", False), (3, 3, "12", False), (1, 3, "", False), (9, 1, "8", True)],
)
def test_history_before_a_message(bob, room, said, before, limit, expected, has_older):
    page = bob.history(room, limit, before=said[before - 1])
    assert contents(page) == list(expected)
    assert (page.has_older, page.has_newer) == (has_older, True)


@pytest.mark.parametrize(
    ("after", "limit", "expected", "has_newer"),
    [(1, 3, "234", True), (6, 3, "789", False), (8, 3, "9", False), (9, 3, "", False), (1, 1, "2", True)],
)
def test_history_after_a_message(bob, room, said, after, limit, expected, has_newer):
    page = bob.history(room, limit, after=said[after - 1])
    assert contents(page) == list(expected)
    assert (page.has_older, page.has_newer) == (True, has_newer)


@pytest.mark.parametrize(
    ("around", "limit", "expected", "has_older", "has_newer"),
    [
        (5, 1, "5", True, True),
        (5, 2, "45", True, True),
        (5, 3, "456", True, True),
        (5, 4, "3456", True, True),
        (5, 5, "34567", True, True),
        (5, 9, "123456789", False, False),
        (5, 50, "123456789", False, False),
        (1, 1, "1", False, True),
        (9, 1, "9", True, False),
        (9, 5, "56789", True, False),
        (8, 5, "56789", True, False),
    ],
)
def test_history_around_a_message(bob, room, said, around, limit, expected, has_older, has_newer):
    page = bob.history(room, limit, around=said[around - 1])
    assert contents(page) == list(expected)
    assert (page.has_older, page.has_newer) == (has_older, has_newer)


def test_history_around_one_of_the_first_messages_fills_its_page_with_newer_ones(bob, room, said):
    for around, expected in ((1, "12345"), (2, "12345"), (3, "12345"), (4, "23456")):
        page = bob.history(room, 5, around=said[around - 1])
        assert contents(page) == list(expected)
        assert (page.has_older, page.has_newer) == (around == 4, True)


def test_a_walk_through_history_meets_every_message_once_each_way(bob, room, said):
    older: list[str] = []
    page = bob.history(room, 2)
    while page.messages:
        older = [*page.messages, *older]
        page = bob.history(room, 2, before=page.messages[0])
    assert older == said
    newer = [said[0]]
    while (page := bob.history(room, 2, after=newer[-1])).messages:
        newer.extend(page.messages)
    assert newer == said


def test_only_one_anchor_makes_sense(chat, bob, room, said):
    def ask(**anchors):
        return issues_of(
            lambda: chat.services.history.of_room(bob.id, room.id, MessageWindow(5, **anchors), mark_read=False)
        )

    assert ask(before=said[0].id, after=said[1].id) == {"before": ["exclusive"], "after": ["exclusive"]}
    assert ask(before=1, after=1, around=1).keys() == {"before", "after", "around"}


@pytest.mark.parametrize("anchor", ["before", "after", "around"])
def test_an_anchor_is_a_message_of_that_room(chat, ann, bob, room, said, anchor):
    elsewhere = ann.makes_room(with_=[bob])
    other = ann.says("elsewhere", in_=elsewhere).message
    for message_id in (other.id, 999):
        window = MessageWindow(5, **{anchor: message_id})
        with pytest.raises(InvalidInput) as caught:
            chat.services.history.of_room(bob.id, room.id, window, mark_read=True)
        assert caught.value.issues == {anchor: [Issue("unknown_message")]}


def test_a_stranger_cannot_read_a_room(chat, ann, carl, room, said):
    for mark_read in (True, False):
        with chat.nothing_changes(), pytest.raises(NotAParticipant):
            carl.history(room, mark_read=mark_read)
    private = ann.makes_room(private=True)
    with chat.nothing_changes(), pytest.raises(RoomNotFound):
        carl.history(private)


def test_a_new_participant_can_read_earlier_messages(carl, room, said):
    carl.joins(room)
    assert contents(carl.history(room)) == list("123456789")


def test_history_includes_the_room_and_the_mentioned_people(ann, bob, carl, room):
    carl.joins(room)
    carl.says("bye", in_=room)
    carl.leaves(room)
    ann.says("hello", in_=room)
    page = bob.history(room, mark_read=True)
    assert page.room == bob.looks_at(room)
    assert page.details.people == {person.id: person.user for person in (ann, bob, carl)}


# Reading


def test_history_marks_its_messages_as_read(chat, ann, bob, room, said):
    page = bob.history(room, 3, mark_read=True)
    assert page.receipts == {room.id: Receipts(own_seq=9, others_seq=9)}
    assert page.room.membership.last_read_seq == 9
    assert bob.unread(room) == 0
    assert ann.looks_at(room).others_seen_seq == 9
    assert chat.happened()[-1] == ("message.read", bob.id, 9)


def test_history_marks_messages_up_to_its_newest_as_read(bob, room, said):
    bob.history(room, 3, before=said[5], mark_read=True)
    assert bob.unread(room) == 4


def test_reading_older_history_never_moves_the_receipt_backwards(chat, bob, room, said):
    bob.history(room, mark_read=True)
    with chat.nothing_is_written():
        bob.history(room, 3, before=said[5], mark_read=True)
        bob.history(room, mark_read=True)


def test_history_marks_nothing_unless_asked_to(chat, bob, room, said):
    with chat.nothing_is_written():
        page = bob.history(room, mark_read=False)
    assert page.receipts == {room.id: Receipts(own_seq=0, others_seq=9)}


def test_an_empty_page_marks_nothing(chat, bob, room, said):
    with chat.nothing_changes():
        bob.history(room, before=said[0], mark_read=True)


def test_earlier_messages_are_unread_by_a_new_participant_until_shown(ann, carl, room, said):
    carl.joins(room)
    assert carl.unread(room) == 0
    assert ann.history(room).receipts[room.id].others_seq == 0
    carl.history(room, mark_read=True)
    assert ann.history(room).receipts[room.id].others_seq == 9


@pytest.mark.parametrize("mark_read", [False, True])
def test_a_page_and_its_room_show_the_same_moment(chat, ann, bob, room, said, mark_read):
    class Messages(MemoryMessageStore):
        """Ann sends a message while bob's page is fetched, between the look-ups of room and messages."""

        has_spoken = False

        def before(self, room_id, seq, limit):
            if not self.has_spoken:
                self.has_spoken = True
                ann.says("meanwhile", in_=room)
            return super().before(room_id, seq, limit)

    messages = Messages(chat.memory.store, chat.memory.changes)
    reader = Person(chat.with_ports(message_store=messages), bob.user, bob.grant)
    page = reader.history(room, 2, mark_read=mark_read)
    assert page.room is not None
    assert page.room.last_message is not None
    assert page.room.room.last_seq == page.room.last_message.seq == page.messages[-1].seq
    assert contents(page) == (["9", "meanwhile"] if mark_read else ["8", "9"])
    if mark_read:
        assert page.room.membership is not None
        assert page.room.membership.last_read_seq == page.room.room.last_seq


def test_a_room_left_while_messages_of_all_rooms_are_read_is_still_on_the_page(chat, ann, bob, room, said):
    class Memberships(MemoryMembershipStore):
        """Bob leaves the room between the look-ups of messages and receipts."""

        def receipts(self, user_id, room_ids):
            bob.leaves(room)
            return super().receipts(user_id, room_ids)

    reader = Person(chat.with_ports(membership_store=Memberships(chat.memory.store)), bob.user, bob.grant)
    page = reader.latest(limit=2)
    assert contents(page) == ["8", "9"]
    assert set(page.receipts) == {room.id}


def test_a_participant_removed_while_reading_history_gets_an_error(chat, bob, room, said):
    chat.meanwhile(lambda: bob.leaves(room))
    with pytest.raises(NotAParticipant):
        bob.history(room, mark_read=True)


def test_a_user_who_joins_while_reading_history_gets_a_consistent_answer(chat, ann, carl, room):
    class Rooms(MemoryRoomStore):
        """Carl joins directly after the look-up of the room."""

        def view(self, room_id, user_id):
            found = super().view(room_id, user_id)
            with chat.ports.transaction(room=room_id):
                chat.ports.membership_store.add(room_id, user_id, "member", 0)
            return found

    with pytest.raises(NotAParticipant):
        Person(
            chat.with_ports(room_store=Rooms(chat.memory.store, chat.ports.characters)), carl.user, carl.grant
        ).history(room)


# Across all rooms


@pytest.fixture
def rooms(ann, bob, carl):
    """Two rooms of ann and bob with messages "a1" to "b3" in turn, and a room that bob is not in."""
    first, second, third = ann.makes_room(with_=[bob]), ann.makes_room(with_=[bob]), ann.makes_room(with_=[carl])
    for number in (1, 2, 3):
        ann.says(f"a{number}", in_=first)
        carl.says(f"secret {number}", in_=third)
        ann.says(f"b{number}", in_=second)
    return first, second, third


def test_the_latest_of_all_rooms_are_oldest_first(bob, rooms):
    page = bob.latest(4)
    assert contents(page) == ["a2", "b2", "a3", "b3"]
    assert (page.room, page.has_older, page.has_newer) == (None, True, False)


def test_the_latest_go_on_both_ways(bob, rooms):
    middle = bob.latest(4).messages[1]
    older = bob.latest(2, before=middle)
    assert (contents(older), older.has_older, older.has_newer) == (["b1", "a2"], True, True)
    newer = bob.latest(2, after=middle)
    assert (contents(newer), newer.has_older, newer.has_newer) == (["a3", "b3"], True, False)
    around = bob.latest(3, around=middle)
    assert (contents(around), around.has_older, around.has_newer) == (["a2", "b2", "a3"], True, True)


def test_the_latest_messages_of_a_room_do_not_move_the_receipt(chat, bob, rooms):
    with chat.nothing_changes():
        page = chat.services.history.latest(bob.id, rooms[0].id, MessageWindow(2))
    assert (contents(page), page.has_older) == (["a2", "a3"], True)
    with pytest.raises(NotAParticipant):
        chat.services.history.latest(bob.id, rooms[2].id, MessageWindow(2))


def test_the_latest_mark_nothing(chat, bob, rooms):
    with chat.nothing_changes():
        bob.latest()


def test_the_latest_bring_receipts_and_people(ann, bob, rooms):
    bob.reads(rooms[0], up_to=2)
    page = bob.latest()
    assert page.receipts == {rooms[0].id: Receipts(2, 3), rooms[1].id: Receipts(0, 3)}
    assert page.details.people == {ann.id: ann.user}


@pytest.mark.parametrize("end", [0, 999])
def test_any_id_is_a_position_among_the_latest(chat, ann, bob, rooms, end):
    secret = ann.history(rooms[2]).messages[0]
    shown = bob.latest().messages
    older = [message.id for message in shown if message.id < secret.id]
    newer = [message.id for message in shown if message.id > secret.id]
    assert older
    assert newer
    assert [message.id for message in bob.latest(before=secret).messages] == older
    assert [message.id for message in bob.latest(after=secret).messages] == newer
    around = chat.services.history.latest(bob.id, None, MessageWindow(50, around=end))
    assert [message.id for message in around.messages] == older + newer


def test_a_user_without_rooms_has_no_latest_messages(chat):
    page = chat.person("dora").latest()
    assert (contents(page), page.has_older, page.has_newer, page.details.people) == ([], False, False, {})


def test_the_latest_messages_omit_rooms_that_the_user_has_left(bob, rooms):
    bob.leaves(rooms[0])
    assert contents(bob.latest()) == ["b1", "b2", "b3"]
