"""The rules of blocks: what they refuse, what they leave alone, and how little the blocked user learns."""

import pytest

from builders import ALL, PASSWORD, contents, issues_of
from minichat.domain.errors import (
    CannotMessage,
    MessageDeleted,
    NotAParticipant,
    NotYourMessage,
    RoleTooLow,
    RoomNotFound,
    SessionEnded,
    TooManyBlocks,
    UserIsBanned,
    UserNotFound,
    YouBlocked,
)
from minichat.domain.model import Role
from minichat.domain.paging import Window


@pytest.fixture
def both_ways(ann, bob):
    """Every state of a block between two users, with the error that each user gets."""

    def states():
        ann.blocks(bob)
        yield {ann: YouBlocked, bob: CannotMessage}
        bob.blocks(ann)
        yield {ann: YouBlocked, bob: YouBlocked}
        ann.unblocks(bob)
        yield {ann: CannotMessage, bob: YouBlocked}

    return states


# Making and lifting a block


def test_blocked_people_are_listed_the_latest_first(ann, bob, carl):
    ann.blocks(carl)
    ann.blocks(bob)
    assert (ann.blocked(), bob.blocked()) == (["bob", "carl"], [])
    assert ann.blocked(Window(1)) == ["bob"]


def test_a_second_block_changes_nothing(chat, ann, bob):
    ann.blocks(bob)
    chat.clock.advance(seconds=5)
    with chat.nothing_changes():
        ann.blocks(bob)


def test_the_number_of_blocked_users_is_limited(chat, ann, bob, carl, monkeypatch):
    monkeypatch.setattr("minichat.domain.blocks.MAX_BLOCKS", 1)
    ann.blocks(bob)
    with chat.nothing_changes():
        with pytest.raises(TooManyBlocks):
            ann.blocks(carl)
        ann.blocks(bob)
    bob.blocks(ann)
    ann.unblocks(bob)
    ann.blocks(carl)


def test_lifting_a_block_that_does_not_exist_changes_nothing(chat, ann, bob):
    bob.blocks(ann)
    with chat.nothing_changes():
        ann.unblocks(bob)


def test_a_user_cannot_block_or_unblock_themselves(ann):
    for action in (ann.blocks, ann.unblocks):
        assert issues_of(lambda action=action: action(ann)) == {"user_id": ["yourself"]}


def test_an_unknown_user_cannot_be_blocked_or_unblocked(chat, ann):
    for action in (chat.services.blocks.block, chat.services.blocks.unblock):
        with pytest.raises(UserNotFound):
            action(ann.id, 999)


def test_an_erased_account_cannot_be_blocked_and_can_be_unblocked(chat, ann, bob):
    chat.services.erasure.erase(bob.caller, PASSWORD)
    with pytest.raises(UserNotFound):
        ann.blocks(bob)
    ann.unblocks(bob)


def test_an_account_erased_during_the_request_blocks_nobody(chat, ann, bob):
    caller = ann.caller
    chat.meanwhile(lambda: chat.services.erasure.erase(caller, PASSWORD))
    with pytest.raises(SessionEnded):
        ann.blocks(bob)


def test_a_block_waits_for_a_direct_chat_that_opens_meanwhile(chat, ann, bob):
    chat.meanwhile(lambda: bob.chats_with(ann))
    ann.blocks(bob)
    with pytest.raises(CannotMessage):
        bob.says("hello", in_=bob.chats_with(ann))


def test_only_the_blockers_devices_receive_the_change(ann, bob, carl):
    ann.makes_room(with_=[bob, carl])
    ann.chats_with(bob)
    subscriptions = [person.subscribe() for person in (ann, bob, carl)]
    ann.blocks(bob)
    ann.blocks(bob)
    ann.unblocks(bob)
    ann.unblocks(bob)
    assert [person.hears(own) for person, own in zip((ann, bob, carl), subscriptions, strict=True)] == [
        [("block.changed", ann.id, bob.id)] * 2,
        [],
        [],
    ]


# Direct chats


def test_no_direct_chat_opens_between_the_two(chat, both_ways, ann, bob):
    for errors in both_ways():
        for person, other in ((ann, bob), (bob, ann)):
            with chat.nothing_changes(), pytest.raises(errors[person]):
                person.chats_with(other)
    bob.unblocks(ann)
    assert ann.chats_with(bob) == bob.chats_with(ann)


def test_an_existing_direct_chat_opens_and_can_be_read(both_ways, ann, bob):
    chat = ann.chats_with(bob)
    bob.says("before", in_=chat)
    for _ in both_ways():
        for person, other in ((ann, bob), (bob, ann)):
            assert person.chats_with(other).id == chat.id
            assert contents(person.history(chat, mark_read=True)) == ["before"]
            assert person.unread(chat) == 0


def test_nothing_can_be_sent_in_their_direct_chat(chat, both_ways, ann, bob):
    direct = ann.chats_with(bob)
    for errors in both_ways():
        for person in (ann, bob):
            with chat.nothing_changes(), pytest.raises(errors[person]):
                person.says("hello", in_=direct)
    bob.unblocks(ann)
    for person in (ann, bob):
        person.says("hello again", in_=direct)


def test_a_message_sent_before_the_block_can_be_sent_again(both_ways, ann, bob):
    direct = ann.chats_with(bob)
    sent = {person: person.says("hello", in_=direct, client_id="one").message for person in (ann, bob)}
    for errors in both_ways():
        for person, message in sent.items():
            again = person.says("hello", in_=direct, client_id="one")
            assert (again.message, again.is_replay) == (message, True)
            with pytest.raises(errors[person]):
                person.says("hello", in_=direct, client_id="two")


def test_no_message_of_their_direct_chat_can_be_edited(chat, both_ways, ann, bob):
    direct = ann.chats_with(bob)
    sent = {person: person.says("hello", in_=direct).message for person in (ann, bob)}
    for errors in both_ways():
        for person, message in sent.items():
            for content in ("changed", "hello"):
                with chat.nothing_changes(), pytest.raises(errors[person]):
                    person.rewrites(message, content)
        with pytest.raises(NotYourMessage):
            bob.rewrites(sent[ann], "changed")


def test_messages_of_their_direct_chat_can_be_deleted(ann, bob):
    direct = ann.chats_with(bob)
    sent = {person: person.says("hello", in_=direct).message for person in (ann, bob)}
    ann.blocks(bob)
    for person, message in sent.items():
        person.takes_back(message)
        with pytest.raises(MessageDeleted):
            person.rewrites(message, "changed")


def test_nobody_types_in_their_direct_chat(chat, both_ways, ann, bob):
    direct = ann.chats_with(bob)
    presence = chat.services.presence
    for errors in both_ways():
        for person in (ann, bob):
            with pytest.raises(errors[person]):
                presence.typing(person.id, direct.id)
    assert presence.notices_end() == 0
    bob.unblocks(ann)
    presence.typing(bob.id, direct.id)


def test_direct_chats_with_others_go_on(ann, bob, carl):
    ann.blocks(bob)
    for person in (ann, bob):
        person.says("hello", in_=person.chats_with(carl))
        carl.says("hello", in_=carl.chats_with(person))


# Rooms


def test_neither_adds_the_other_to_a_room(chat, both_ways, ann, bob):
    rooms = {ann: ann.makes_room(), bob: bob.makes_room()}
    for errors in both_ways():
        for person, other in ((ann, bob), (bob, ann)):
            with chat.nothing_changes(), pytest.raises(errors[person]):
                person.adds(other, to=rooms[person])
    bob.unblocks(ann)
    assert ann.adds(bob, to=rooms[ann])[1] is True


def test_adding_a_participant_again_stays_possible(ann, bob):
    room = ann.makes_room(with_=[bob])
    ann.makes(bob, Role.MODERATOR, in_=room)
    ann.blocks(bob)
    assert ann.adds(bob, to=room)[1] is False
    assert bob.adds(ann, to=room)[1] is False


def test_others_can_add_the_two_to_one_room(ann, bob, carl):
    room = carl.makes_room(with_=[ann])
    ann.blocks(bob)
    assert carl.adds(bob, to=room)[1] is True
    carl.makes_room(with_=[ann, bob])


def test_a_blocked_user_can_join_a_public_room_of_the_blocker(ann, bob):
    room = ann.makes_room()
    ann.blocks(bob)
    bob.joins(room)
    bob.says("hello", in_=room)


def test_a_new_room_that_names_such_a_person_fails_whole(chat, both_ways, ann, bob, carl):
    for errors in both_ways():
        for person, other in ((ann, bob), (bob, ann)):
            with chat.nothing_changes(), pytest.raises(errors[person]):
                person.makes_room(with_=[carl, other])


def test_a_new_room_with_a_blocker_and_a_blocked_person_names_the_own_block(ann, bob, carl):
    carl.blocks(ann)
    ann.blocks(bob)
    with pytest.raises(YouBlocked):
        ann.makes_room(with_=[carl, bob])
    with pytest.raises(CannotMessage):
        ann.makes_room(with_=[carl])


def test_other_errors_of_adding_precede_the_block(ann, bob, carl):
    room, hidden = ann.makes_room(with_=[carl]), ann.makes_room(private=True)
    ann.bans(bob, from_=room)
    ann.blocks(bob)
    carl.blocks(bob)
    with pytest.raises(UserIsBanned):
        ann.adds(bob, to=room)
    with pytest.raises(RoleTooLow):
        carl.adds(bob, to=room)
    with pytest.raises(RoomNotFound):
        bob.adds(ann, to=hidden)
    with pytest.raises(NotAParticipant):
        bob.adds(ann, to=room)


# Messages in shared rooms


def seen_as_blocked(person, room):
    """For each message of the room, whether the person sees it as one of a blocked author."""
    page = person.history(room)
    return [message.user_id in page.details.blocked_by(person.id) for message in page.messages]


def test_the_blocker_alone_sees_messages_of_the_blocked_user_as_blocked(ann, bob, carl):
    room = carl.makes_room(with_=[ann, bob])
    for person in (bob, ann, carl):
        person.says("hello", in_=room)
    ann.blocks(bob)
    assert seen_as_blocked(ann, room) == [True, False, False]
    assert [seen_as_blocked(person, room) for person in (bob, carl)] == [[False] * 3] * 2
    ann.unblocks(bob)
    assert seen_as_blocked(ann, room) == [False] * 3


def test_every_way_to_a_message_shows_the_block(ann, bob):
    room = ann.makes_room(with_=[bob])
    said = bob.says("hello", in_=room).message
    ann.blocks(bob)
    services = ann.chat.services
    for details in (
        ann.looks_up(said).details,
        ann.latest().details,
        services.rooms.mine(ann.id, ALL).details,
        services.rooms.get(ann.id, room.id).details,
        services.change_log.messages_for({ann.id, bob.id}, [said.id])[1],
        services.change_log.room_for(room.id, {ann.id, bob.id})[1],
    ):
        assert set(details.blocked_by(ann.id)) == {bob.id}
        assert set(details.blocked_by(bob.id)) == set()


def test_messages_of_a_blocked_user_count_as_unread(ann, bob):
    room = ann.makes_room(with_=[bob])
    ann.blocks(bob)
    bob.says("one", in_=room)
    bob.says("two", in_=room)
    assert ann.unread(room) == 2


def test_the_blocked_user_receives_what_happens_in_shared_rooms(ann, bob):
    room = ann.makes_room(with_=[bob])
    ann.blocks(bob)
    subscription = bob.subscribe()
    said = ann.says("hello", in_=room).message
    ann.rewrites(said, "hello all")
    ann.reads(room, up_to=1)
    assert [kind for kind, *_ in bob.hears(subscription)] == ["message.created", "message.updated"]
    assert contents(bob.history(room)) == ["hello all"]
