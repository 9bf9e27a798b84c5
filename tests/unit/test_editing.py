"""Looking up, editing and deleting a message."""

import pytest

from builders import PASSWORD, contents, issues_of
from minichat.domain.errors import (
    ClientIdReused,
    MessageDeleted,
    MessageNotFound,
    NotAParticipant,
    NotYourMessage,
    RoleTooLow,
    SessionEnded,
)
from minichat.domain.model import ChangeKind, Receipts, Role

THREE_YEARS = 3 * 365 * 86_400


@pytest.fixture
def people(chat):
    return chat.people("ann", "bob", "carl", "eve")


@pytest.fixture
def ann(people):
    return people[0]


@pytest.fixture
def bob(people):
    return people[1]


@pytest.fixture
def carl(people):
    return people[2]


@pytest.fixture
def eve(people):
    return people[3]


@pytest.fixture
def room(chat, ann, bob, carl):
    """A private room: ann owns it, bob moderates it, carl is a member, and eve is not in it."""
    room = ann.makes_room("Tea", private=True, with_=[bob, carl])
    chat.gives_role(Role.MODERATOR, bob, room)
    return room


@pytest.fixture
def message(carl, room):
    """A message of carl's with a client_id."""
    return carl.says("helo", in_=room, client_id="one").message


def newest_change(chat):
    return chat.memory.changes.log[-1]


# Looking up


def test_a_participant_looks_a_message_up(ann, bob, carl, message, room):
    ann.reads(room, up_to=1)
    shown = bob.looks_up(message)
    assert (shown.message, shown.details.people, shown.receipts) == (message, {carl.id: carl.user}, Receipts(0, 1))


def test_looking_up_reads_nothing(chat, bob, message):
    with chat.nothing_is_written():
        bob.looks_up(message)


def test_a_message_is_hidden_like_its_room(chat, ann, eve, message):
    missing = message._replace(id=99)
    for request in (eve.looks_up, eve.takes_back, lambda one: eve.rewrites(one, "x")):
        for hidden in (message, missing):
            with chat.nothing_changes(), pytest.raises(MessageNotFound):
                request(hidden)


def test_a_message_of_a_public_room_is_for_participants(chat, ann, eve):
    said = ann.says("hello", in_=ann.makes_room()).message
    for request in (eve.looks_up, eve.takes_back, lambda one: eve.rewrites(one, "x")):
        with chat.nothing_changes(), pytest.raises(NotAParticipant):
            request(said)


def test_a_message_of_a_removed_room_is_not_found(ann, carl, room, message):
    ann.deletes(room)
    with pytest.raises(MessageNotFound):
        carl.looks_up(message)


# Editing


def test_a_message_edit_changes_the_content_only(chat, bob, carl, message):
    chat.clock.advance(60)
    edited = carl.rewrites(message, "hello")
    assert edited == message._replace(content="hello", edited_at=chat.clock.now)
    assert bob.looks_up(message).message == edited
    change = newest_change(chat)
    assert change[:5] == (ChangeKind.MESSAGE_UPDATED, message.room_id, chat.clock.now, carl.id, message.id)


def test_an_edit_is_seen_wherever_the_message_is(bob, carl, room, message):
    carl.rewrites(message, "hello")
    assert contents(bob.history(room)) == contents(bob.latest()) == ["hello"]
    assert bob.looks_at(room).last_message.content == "hello"


def test_a_message_edit_is_no_activity_and_changes_no_unread_count(chat, bob, carl, room, message):
    bob.reads(room, up_to=1)
    chat.clock.advance(60)
    before = bob.looks_at(room).room
    carl.rewrites(message, "hello")
    assert (bob.looks_at(room).room, bob.unread(room)) == (before, 0)


def test_edited_content_is_normalised_like_sent_content(carl, message):
    assert carl.rewrites(message, "cafe\u0301\r\n").content == "café\n"


@pytest.mark.parametrize(
    ("content", "issue"), [("", "blank"), (" \n\t", "blank"), ("x" * 4001, "too_long"), ("a\0", "control_characters")]
)
def test_edited_content_must_not_be_blank_or_too_long(chat, carl, message, content, issue):
    with chat.nothing_is_written():
        assert issues_of(lambda: carl.rewrites(message, content)) == {"content": [issue]}


def test_an_edit_to_the_same_changes_nothing(chat, carl, message):
    with chat.nothing_changes():
        assert carl.rewrites(message, "helo") == message


def test_only_the_author_can_edit_a_message(chat, ann, bob, message):
    for person in (ann, bob):
        with chat.nothing_changes(), pytest.raises(NotYourMessage):
            person.rewrites(message, "I am a fool")


def test_a_former_participant_cannot_edit(chat, carl, room, message):
    chat.meanwhile(lambda: carl.leaves(room))
    with pytest.raises(MessageNotFound):
        carl.rewrites(message, "hello")


# Deleting


@pytest.mark.parametrize("who", ["carl", "bob", "ann"])
def test_the_author_a_moderator_and_the_owner_can_delete_a_message(chat, people, carl, message, who):
    person = next(one for one in people if one.username == who)
    chat.clock.advance(60)
    person.takes_back(message)
    for reader in people[:3]:
        assert reader.looks_up(message).message == message._replace(content="", is_deleted=True)
    assert newest_change(chat)[:5] == (
        *(ChangeKind.MESSAGE_DELETED, message.room_id, chat.clock.now, carl.id, message.id),
    )


def test_the_content_of_a_deleted_message_is_not_stored(chat, carl, room):
    message = carl.says("a secret", in_=room, client_id="two").message
    carl.rewrites(message, "another secret")
    carl.takes_back(message)
    assert "secret" not in repr(chat.stored())


def test_a_deleted_message_keeps_its_place(ann, bob, carl, room, message):
    reply = bob.says("what?", in_=room, reply_to=message).message
    carl.takes_back(message)
    assert [(one.seq, one.content) for one in ann.history(room).messages] == [(1, ""), (2, "what?")]
    assert ann.looks_up(reply).message.reply_to == message.id
    assert ann.unread(room) == 1
    assert ann.says("he took it back", in_=room, reply_to=message).message.seq == 3


def test_an_unread_message_that_is_deleted_is_no_longer_unread(ann, bob, carl, room, message):
    second = carl.says("two", in_=room).message
    assert bob.unread(room) == 2
    ann.takes_back(second)  # the owner deletes the message of another
    carl.takes_back(message)
    assert bob.unread(room) == 0
    carl.says("three", in_=room)
    assert bob.unread(room) == 1


def test_the_answer_to_a_receipt_leaves_deleted_messages_out(bob, carl, room, message):
    said = [carl.says(text, in_=room).message for text in ("two", "three", "four")]
    carl.takes_back(said[1])
    assert bob.reads(room, up_to=1) == (1, 2)
    assert bob.reads(room, up_to=0) == (1, 2)
    assert bob.reads(room, up_to=2) == (2, 1)
    assert bob.reads(room, up_to=3) == (3, 1)
    assert bob.reads(room, up_to=9) == (4, 0)


def test_a_history_that_marks_as_read_counts_the_rest_without_deleted_messages(bob, carl, room, message):
    said = [carl.says(text, in_=room).message for text in ("two", "three", "four")]
    carl.takes_back(said[1])
    page = bob.history(room, 1, before=said[0], mark_read=True)
    assert page.room.unread_count == bob.unread(room) == 2
    assert bob.history(room, mark_read=True).room.unread_count == 0


def test_an_erased_authors_messages_stay_unread_and_their_deletion_counts(ann, bob, carl, room, message):
    carl.says("two", in_=room)
    carl.chat.services.erasure.erase(carl.caller, PASSWORD)
    assert bob.unread(room) == 2
    ann.takes_back(message)
    assert bob.unread(room) == 1


def test_taking_back_twice_is_once(chat, ann, carl, message):
    carl.takes_back(message)
    with chat.nothing_changes():
        ann.takes_back(message)
        carl.takes_back(message)


def test_a_member_cannot_delete_the_message_of_another_user(chat, ann, bob, carl, room):
    for person in (ann, bob):
        said = person.says("hello", in_=room).message
        with chat.nothing_changes(), pytest.raises(RoleTooLow):
            carl.takes_back(said)
        person.takes_back(said)
        with chat.nothing_changes(), pytest.raises(RoleTooLow):
            carl.takes_back(said)


def test_a_deleted_message_is_not_edited(chat, bob, carl, message):
    carl.takes_back(message)
    with chat.nothing_changes(), pytest.raises(MessageDeleted):
        carl.rewrites(message, "hello")
    with chat.nothing_changes(), pytest.raises(NotYourMessage):
        bob.rewrites(message, "hello")


def test_a_message_deleted_during_an_edit_stays_deleted(chat, ann, carl, message):
    chat.meanwhile(lambda: ann.takes_back(message))
    with pytest.raises(MessageDeleted):
        carl.rewrites(message, "hello")
    assert carl.looks_up(message).message.content == ""


def test_in_a_direct_chat_only_the_author_changes_and_deletes(chat, ann, bob):
    message = ann.says("hello", in_=ann.chats_with(bob)).message
    with chat.nothing_changes(), pytest.raises(RoleTooLow):
        bob.takes_back(message)
    with chat.nothing_changes(), pytest.raises(NotYourMessage):
        bob.rewrites(message, "bye")
    assert ann.rewrites(message, "hi").content == "hi"
    ann.takes_back(message)
    assert bob.looks_up(message).message.is_deleted


# Sending again


def test_a_retry_of_an_edited_message_returns_its_current_content(chat, carl, room, message):
    carl.rewrites(message, "hello")
    edited = carl.rewrites(message, "hello!")
    chat.clock.advance(THREE_YEARS)
    with chat.nothing_changes():
        again = carl.says("helo", in_=room, client_id="one")
    assert (again.message, again.is_replay) == (edited, True)


def test_a_retry_of_a_deleted_message_returns_its_tombstone(chat, bob, carl, room, message):
    carl.rewrites(message, "hello")
    bob.takes_back(message)
    with chat.nothing_changes():
        again = carl.says("helo", in_=room, client_id="one")
    assert (again.message.content, again.message.is_deleted, again.is_replay) == ("", True, True)


@pytest.mark.parametrize("content", ["hello", "hello!", "another"])
def test_a_retry_with_the_edited_content_is_rejected(chat, carl, room, message, content):
    carl.rewrites(message, "hello")
    carl.rewrites(message, "hello!")
    for _ in range(2):
        with chat.nothing_changes(), pytest.raises(ClientIdReused):
            carl.says(content, in_=room, client_id="one")
        carl.takes_back(message)


def test_a_retry_matches_after_an_edit_back_to_the_first_content(carl, room, message):
    carl.rewrites(message, "hello")
    carl.rewrites(message, "helo")
    assert carl.says("helo", in_=room, client_id="one").is_replay


def test_digests_of_equal_deleted_messages_differ(chat, carl, room, message):
    other = carl.says("helo", in_=room, client_id="two").message
    for one in (message, other):
        carl.takes_back(one)
    assert len(set(chat.memory.store.tables.first_digests.values())) == 2


def test_of_a_message_that_can_not_be_repeated_nothing_is_remembered(chat, carl, room):
    carl.takes_back(carl.says("hello", in_=room).message)
    assert chat.memory.store.tables.first_digests == {}


# Erasure


def test_erasing_an_account_deletes_the_digests_of_its_messages(chat, bob, carl, room, message):
    other = bob.says("hi", in_=room, client_id="one").message
    carl.rewrites(message, "hello")
    bob.takes_back(other)
    chat.services.erasure.erase(carl.caller, PASSWORD)
    assert set(chat.memory.store.tables.first_digests) == {other.id}
    assert bob.looks_up(message).message.content == "hello"


def test_deleting_a_message_of_an_erased_author_stores_no_digest(chat, bob, carl, message):
    chat.services.erasure.erase(carl.caller, PASSWORD)
    bob.takes_back(message)
    assert bob.looks_up(message).message.is_deleted
    assert chat.memory.store.tables.first_digests == {}


def test_an_account_erased_during_the_request_cannot_change_messages(chat, ann, bob):
    message = ann.says("hello", in_=ann.chats_with(bob), client_id="one").message
    caller = ann.caller
    chat.meanwhile(lambda: chat.services.erasure.erase(caller, PASSWORD))
    with pytest.raises(SessionEnded):
        ann.rewrites(message, "late")
    with chat.nothing_changes(), pytest.raises(SessionEnded):
        ann.takes_back(message)
    assert bob.looks_up(message).message == message
