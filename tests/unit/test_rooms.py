"""Rooms, their participants and what each participant may do."""

import pytest

from builders import ALL, issues_of
from minichat.domain.errors import DirectChatIsFixed, NotAParticipant, RoleTooLow, RoomNotFound, UserNotFound
from minichat.domain.model import Role, RoomKind
from minichat.domain.paging import Window


def participants(person, room, window=ALL):
    page = person.chat.services.rooms.participants(person.id, room.id, window).page
    return [(membership.user_id, membership.role) for membership in page.items]


# Finding a room


def test_rooms_are_found_by_a_part_of_their_name(chat, ann, bob, carl):
    for name in ("Küche", "Große  Küche", "Garten"):
        ann.makes_room(name, with_=[bob])
        chat.clock.advance(1)
    bob.chats_with(ann)
    rooms = chat.services.rooms

    def found(of, query, listed):
        return [view.room.name for view in listed(of.id, ALL, query).page.items]

    assert found(bob, "KUCHE", rooms.mine) == found(carl, "kuche", rooms.public) == ["Große  Küche", "Küche"]
    assert found(bob, "grosse kü", rooms.mine) == ["Große  Küche"]
    assert found(bob, "an", rooms.mine) == [""]
    assert found(bob, "bob", rooms.mine) == found(carl, "ann", rooms.public) == []
    assert found(carl, " ", rooms.public) == ["Garten", "Große  Küche", "Küche"]
    assert issues_of(lambda: rooms.mine(bob.id, ALL, "x" * 101)) == {"q": ["too_long"]}


def test_a_room_name_that_was_accepted_before_may_be_sent_back(chat, ann):
    room = ann.makes_room("Tea")
    rooms = chat.memory.store.tables.rooms
    rooms[room.id] = rooms[room.id]._replace(name="a\u202eb")
    edited = chat.services.rooms.edit(ann.id, room.id, name="a\u202eb", description="new").view.room
    assert (edited.name, edited.description) == ("a\u202eb", "new")
    assert issues_of(lambda: chat.services.rooms.edit(ann.id, room.id, name="\u202e")) == {"name": ["blank"]}


# Creating a room


def test_the_creator_of_a_room_is_its_owner(chat, ann):
    room = ann.makes_room(" Tea ")
    view = ann.looks_at(room)
    assert (view.room.name, view.room.kind, view.room.is_private) == ("Tea", RoomKind.GROUP, False)
    assert (view.room.created_at, view.room.active_at, view.room.last_seq) == (chat.clock(), chat.clock(), 0)
    assert view.membership.role == Role.OWNER
    assert (view.head, view.room.participants_count, view.last_message) == ((ann.id,), 1, None)


def test_a_room_is_public_by_default(chat, ann):
    assert chat.services.rooms.create(ann.id, "Tea").view.room.is_public
    assert not ann.makes_room(private=True).is_public


def test_invited_users_become_members(ann, bob, carl):
    room = ann.makes_room(with_=[carl, bob])
    assert participants(bob, room) == [(ann.id, Role.OWNER), (carl.id, Role.MEMBER), (bob.id, Role.MEMBER)]
    assert ann.looks_at(room).room.participants_count == 3


def test_inviting_oneself_or_somebody_twice_counts_once(ann, bob):
    room = ann.makes_room(with_=[bob, ann, bob])
    assert participants(ann, room) == [(ann.id, Role.OWNER), (bob.id, Role.MEMBER)]


def test_a_room_includes_the_people_that_it_mentions(chat, ann, bob):
    room = ann.makes_room(with_=[bob])
    bob.says("hello", in_=room)
    bob.leaves(room)
    shown = chat.services.rooms.get(ann.id, room.id)
    assert shown.details.people == {ann.id: ann.user, bob.id: bob.user}


def test_creating_a_room_is_logged(chat, ann, bob):
    ann.makes_room(with_=[bob])
    assert chat.happened() == [
        ("room.created",),
        ("participant.joined", ann.id, Role.OWNER),
        ("participant.joined", bob.id, Role.MEMBER),
    ]


@pytest.mark.parametrize(
    ("name", "issue"),
    [("", "blank"), (" \n", "blank"), ("x" * 101, "too_long"), ("a\nb", "not_one_line"), ("\0", "control_characters")],
)
def test_a_room_has_a_name_of_one_line_and_100_characters(chat, ann, name, issue):
    with chat.nothing_changes():
        assert issues_of(lambda: ann.makes_room(name)) == {"name": [issue]}
    assert ann.makes_room("x" * 100).name == "x" * 100


def test_a_description_has_at_most_1000_characters(chat, ann):
    create = chat.services.rooms.create
    assert create(ann.id, "Tea", " two\r\nlines ").view.room.description == " two\nlines "
    assert create(ann.id, "Tea", "x" * 1000).view.room.description == "x" * 1000
    assert create(ann.id, "Tea").view.room.description == ""
    with chat.nothing_changes():
        assert issues_of(lambda: create(ann.id, "", "x" * 1001)) == {"name": ["blank"], "description": ["too_long"]}


def test_an_unknown_user_cannot_be_invited(chat, ann, bob):
    with chat.nothing_changes():
        assert issues_of(lambda: chat.services.rooms.create(ann.id, "Tea", invited=[bob.id, 99])) == {
            "participants": ["unknown_user"]
        }


def test_all_wrong_fields_of_a_new_room_are_reported_together(chat, ann, bob):
    rooms, tea = chat.services.rooms, ann.makes_room("Tea")
    wrong = {"name": ["blank"], "description": ["too_long"], "participants": ["unknown_user"]}
    with chat.nothing_changes():
        assert issues_of(lambda: rooms.create(ann.id, " ", "x" * 1001, invited=[bob.id, 99])) == wrong
        assert issues_of(lambda: rooms.check_new(ann.id, name=" ", description="x" * 1001, invited=[99])) == wrong
        assert issues_of(lambda: rooms.check_new(ann.id, invited=[bob.id] * 201)) == {
            "participants": ["too_many_items"]
        }
        assert issues_of(lambda: rooms.check_new(ann.id, name="Tea", invited=[bob.id, ann.id])) == {}
        assert issues_of(lambda: rooms.check_edit(ann.id, tea.id, "", "x" * 1001)) == {
            "name": ["blank"],
            "description": ["too_long"],
        }


def test_a_new_room_has_at_most_200_invited_users(chat, ann):
    invited = [person.id for person in chat.people(*(f"user{number}" for number in range(200)))]
    assert chat.services.rooms.create(ann.id, "Tea", invited=invited).view.room.participants_count == 201
    with chat.nothing_changes():
        assert issues_of(lambda: chat.services.rooms.create(ann.id, "Tea", invited=[*invited, ann.id])) == {
            "participants": ["too_many_items"]
        }


# Visibility


def test_a_stranger_sees_the_card_of_a_public_room(ann, bob):
    room = ann.makes_room("Tea")
    ann.says("hello", in_=room)
    card = bob.looks_at(room)
    assert (card.room.name, card.room.participants_count) == ("Tea", 1)
    assert (card.membership, card.head, card.last_message) == (None, (), None)


def test_the_card_of_a_room_shows_no_participant(chat, ann, bob):
    room = ann.makes_room()
    ann.says("hello", in_=room)
    assert chat.services.rooms.get(bob.id, room.id).details.people == {}
    assert chat.services.rooms.public(bob.id, ALL).details.people == {}


def test_a_private_room_does_not_exist_for_a_stranger(ann, bob):
    with pytest.raises(RoomNotFound):
        bob.looks_at(ann.makes_room(private=True))


def test_a_direct_chat_does_not_exist_for_a_third(ann, bob, carl):
    with pytest.raises(RoomNotFound):
        carl.looks_at(ann.chats_with(bob))


def test_a_missing_and_a_hidden_room_look_the_same(chat, ann, bob):
    private = ann.makes_room(private=True)
    rooms = chat.services.rooms
    for room_id in (private.id, 99):
        for request in (
            lambda room_id=room_id: rooms.get(bob.id, room_id),
            lambda room_id=room_id: rooms.participants(bob.id, room_id, ALL),
            lambda room_id=room_id: rooms.edit(bob.id, room_id, name="x"),
            lambda room_id=room_id: rooms.delete(bob.id, room_id),
            lambda room_id=room_id: chat.services.participation.join(bob.id, room_id),
            lambda room_id=room_id: chat.services.participation.leave(bob.id, room_id),
            lambda room_id=room_id: chat.services.participation.mark_read(bob.id, room_id, 1),
        ):
            with chat.nothing_changes(), pytest.raises(RoomNotFound) as caught:
                request()
            assert str(caught.value) == ""


def test_only_participants_see_the_participants_of_a_public_room(chat, ann, bob):
    room = ann.makes_room()
    with pytest.raises(NotAParticipant):
        chat.services.rooms.participants(bob.id, room.id, ALL)


def test_participants_are_paged_forwards_and_backwards_by_time_of_joining(chat, ann, bob, carl):
    room = ann.makes_room()
    carl.joins(room)
    bob.joins(room)
    first = chat.services.rooms.participants(ann.id, room.id, Window(2))
    assert [member.user_id for member in first.page.items] == [ann.id, carl.id]
    assert first.room_id == room.id
    assert first.people == {ann.id: ann.user, carl.id: carl.user}
    assert participants(ann, room, Window(2, after=first.page.next)) == [(bob.id, Role.MEMBER)]
    second = chat.services.rooms.participants(ann.id, room.id, Window(2, after=first.page.next))
    assert participants(ann, room, Window(2, before=second.page.prev)) == [
        (ann.id, Role.OWNER),
        (carl.id, Role.MEMBER),
    ]


def test_a_room_shows_the_first_twenty_participants(chat, ann):
    others = chat.people(*(f"user{number}" for number in range(25)))
    view = ann.looks_at(ann.makes_room(with_=others))
    assert view.head == (ann.id, *(person.id for person in others[:19]))
    assert view.room.participants_count == 26


# Lists


def test_the_room_list_has_the_rooms_of_the_user(ann, bob):
    ann.makes_room("Mine")
    ann.makes_room("Ours", with_=[bob])
    ann.chats_with(bob)
    assert bob.rooms() == ["", "Ours"]


def test_rooms_are_listed_by_latest_activity_then_the_newest_first(chat, ann):
    old, middle, new = (ann.makes_room(name) for name in ("Old", "Middle", "New"))
    assert ann.rooms() == ["New", "Middle", "Old"]
    chat.clock.advance(1)
    ann.says("hello", in_=old)
    assert ann.rooms() == ["Old", "New", "Middle"]
    chat.clock.advance(1)
    ann.says("hello", in_=middle)
    assert ann.rooms() == ["Middle", "Old", "New"]
    assert new.name == "New"


@pytest.mark.parametrize("side", ["after", "before"])
def test_a_key_of_an_earlier_version_leads_to_the_same_page(chat, ann, side):
    rooms = [ann.makes_room(name) for name in "abcd"]
    old_key, key = ((number, rooms[1].id) for number in (chat.clock(), rooms[1].activity))
    for listed in (ann.rooms, chat.person("eve").public_rooms):
        assert listed(Window(9, **{side: old_key})) == listed(Window(9, **{side: key})) != []
    assert ann.rooms(Window(9, after=(chat.clock(), 99))) == [
        "d",
        "c",
        "b",
        "a",
    ]  # the room is gone: from the beginning


def test_the_list_follows_what_happened_last_after_the_clock_was_set_back(chat, ann):
    older, used = ann.makes_room("older"), ann.makes_room("used")
    chat.clock.advance(7_200)
    ann.says("by a fast clock", in_=used)
    chat.clock.advance(-7_200)
    ann.makes_room("new")
    assert ann.rooms() == ["new", "used", "older"]
    ann.says("hello", in_=older)
    assert ann.rooms() == ["older", "new", "used"]


def test_rooms_are_paged_forwards_and_backwards(chat, ann):
    for name in "abcde":
        ann.makes_room(name)
        chat.clock.advance(1)

    def mine(window):
        return chat.services.rooms.mine(ann.id, window).page

    first = mine(Window(2))
    assert ann.rooms(Window(2)) == ["e", "d"]
    assert ann.rooms(Window(2, after=first.next)) == ["c", "b"]
    second = mine(Window(2, after=first.next))
    assert ann.rooms(Window(2, after=second.next)) == ["a"]
    third = mine(Window(2, after=second.next))
    assert (first.prev, third.next) == (None, None)
    assert ann.rooms(Window(2, before=third.prev)) == ["c", "b"]
    assert ann.rooms(Window(2, before=second.prev)) == ["e", "d"]


def test_the_public_list_has_the_rooms_that_the_user_could_join(ann, bob):
    ann.makes_room("Open")
    ann.makes_room("Closed", private=True)
    ann.makes_room("Ours", with_=[bob])
    bob.makes_room("Mine")
    ann.chats_with(bob)
    assert bob.public_rooms() == ["Open"]


def test_a_list_includes_the_people_that_it_mentions(chat, ann, bob):
    ann.makes_room(with_=[bob])
    ann.makes_room()
    assert chat.services.rooms.mine(ann.id, ALL).details.people == {ann.id: ann.user, bob.id: bob.user}


# Roles


def test_a_member_may_not_change_a_room(chat, ann, bob):
    room = ann.makes_room(with_=[bob])
    for request in (lambda: bob.edits(room, name="Coffee"), lambda: bob.deletes(room)):
        with chat.nothing_changes(), pytest.raises(RoleTooLow):
            request()


def test_a_moderator_may_change_a_room_but_not_delete_it(chat, ann, bob):
    room = ann.makes_room(with_=[bob])
    chat.gives_role(Role.MODERATOR, bob, room)
    assert bob.edits(room, name="Coffee").room.name == "Coffee"
    with chat.nothing_changes(), pytest.raises(RoleTooLow):
        bob.deletes(room)


def test_an_outsider_cannot_edit_or_delete_a_public_room(chat, ann, bob):
    room = ann.makes_room()
    for request in (lambda: bob.edits(room, name="Mine"), lambda: bob.deletes(room)):
        with chat.nothing_changes(), pytest.raises(NotAParticipant):
            request()


def test_a_room_edit_changes_the_given_fields_only(ann):
    room = ann.makes_room("Tea")
    ann.edits(room, description="Green\r\nonly")
    ann.edits(room, is_private=True)
    view = ann.edits(room, name=" Green tea ")
    assert (view.room.name, view.room.description, view.room.is_private) == ("Green tea", "Green\nonly", True)
    assert ann.edits(room, description="", is_private=False).room.description == ""
    assert ann.looks_at(room).room.is_public


def test_a_room_edit_is_logged_once_and_an_empty_edit_never(chat, ann):
    room = ann.makes_room("Tea")
    ann.edits(room, name="Coffee")
    assert chat.happened()[-1] == ("room.updated",)
    with chat.nothing_changes():
        ann.edits(room)
        ann.edits(room, name=" Coffee ")


def test_all_issues_of_an_edit_are_reported_and_nothing_is_stored(chat, ann):
    room = ann.makes_room("Tea")
    with chat.nothing_changes():
        assert issues_of(lambda: ann.edits(room, name="", description="x" * 1001, is_private=True)) == {
            "name": ["blank"],
            "description": ["too_long"],
        }


def test_editing_a_room_does_not_count_as_activity(chat, ann):
    room = ann.makes_room()
    chat.clock.advance(60)
    assert ann.edits(room, name="Coffee").room.active_at == room.active_at


def test_a_room_made_private_is_hidden_from_outsiders_only(ann, bob, carl):
    room = ann.makes_room("Tea", with_=[bob])
    ann.edits(room, is_private=True)
    assert bob.looks_at(room).room.name == "Tea"
    with pytest.raises(RoomNotFound):
        carl.looks_at(room)


def test_the_owner_deletes_a_room_with_all_that_was_said(chat, ann, bob):
    room = ann.makes_room(with_=[bob])
    bob.says("hello", in_=room)
    ann.deletes(room)
    for person in (ann, bob):
        with pytest.raises(RoomNotFound):
            person.looks_at(room)
        with pytest.raises(RoomNotFound):
            person.history(room)
        with pytest.raises(RoomNotFound):
            person.says("anyone?", in_=room)
        assert person.rooms() == []
        assert person.latest().messages == []
    assert chat.happened()[-1] == ("room.deleted",)


# Joining


def test_every_user_can_join_a_public_room(chat, ann, bob):
    room = ann.makes_room()
    view = bob.joins(room)
    assert (view.membership.role, view.room.participants_count, view.head) == (Role.MEMBER, 2, (ann.id, bob.id))
    assert chat.happened()[-1] == ("participant.joined", bob.id, Role.MEMBER)


def test_joining_twice_is_joining_once(chat, ann, bob):
    room = ann.makes_room()
    bob.joins(room)
    with chat.nothing_changes():
        assert bob.joins(room).membership.role == Role.MEMBER
        assert ann.joins(room).membership.role == Role.OWNER


def test_only_participants_can_join_a_private_room(chat, ann, bob, carl):
    room = ann.makes_room(private=True, with_=[bob])
    with chat.nothing_changes():
        assert bob.joins(room).membership
        with pytest.raises(RoomNotFound):
            carl.joins(room)


def test_a_direct_chat_cannot_be_joined(chat, ann, bob, carl):
    room = ann.chats_with(bob)
    with chat.nothing_changes(), pytest.raises(RoomNotFound):
        carl.joins(room)


def test_a_new_participant_has_nothing_unread(ann, bob):
    room = ann.makes_room()
    ann.says("one", in_=room)
    ann.says("two", in_=room)
    bob.joins(room)
    assert bob.unread(room) == 0
    ann.says("three", in_=room)
    assert bob.unread(room) == 1


def test_joining_reads_nothing_for_the_authors(ann, bob):
    room = ann.makes_room()
    ann.says("one", in_=room)
    bob.joins(room)
    assert ann.looks_at(room).others_seen_seq == 0
    bob.reads(room, up_to=1)
    assert ann.looks_at(room).others_seen_seq == 1


def test_joining_does_not_count_as_activity(chat, ann, bob):
    room = ann.makes_room()
    chat.clock.advance(60)
    assert bob.joins(room).room.active_at == room.active_at


# Leaving


def test_a_participant_can_leave(chat, ann, bob):
    room = ann.makes_room(with_=[bob])
    bob.leaves(room)
    view = ann.looks_at(room)
    assert (view.room.participants_count, view.head) == (1, (ann.id,))
    assert bob.looks_at(room).membership is None
    assert chat.happened()[-1] == ("participant.left", bob.id, Role.MEMBER)


def test_leaving_twice_is_leaving_once(chat, ann, bob):
    room = ann.makes_room(with_=[bob])
    bob.leaves(room)
    with chat.nothing_changes():
        bob.leaves(room)


def test_a_private_room_is_not_found_after_leaving(chat, ann, bob):
    room = ann.makes_room(private=True, with_=[bob])
    bob.leaves(room)
    with chat.nothing_changes(), pytest.raises(RoomNotFound):
        bob.leaves(room)


def test_the_owner_stays_the_owner_when_others_leave(ann, bob):
    room = ann.makes_room(with_=[bob])
    bob.leaves(room)
    assert participants(ann, room) == [(ann.id, Role.OWNER)]


def test_the_first_member_succeeds_a_leaving_owner(chat, ann, bob, carl):
    room = ann.makes_room()
    carl.joins(room)
    bob.joins(room)
    ann.leaves(room)
    assert participants(carl, room) == [(carl.id, Role.OWNER), (bob.id, Role.MEMBER)]
    assert chat.happened()[-2:] == [
        ("participant.updated", carl.id, Role.OWNER),
        ("participant.left", ann.id, Role.OWNER),
    ]


def test_a_leaving_owner_prefers_the_first_moderator(chat, ann, bob, carl):
    dora = chat.person("dora")
    room = ann.makes_room(with_=[bob, carl, dora])
    for person in (dora, carl):
        chat.gives_role(Role.MODERATOR, person, room)
    ann.leaves(room)
    assert participants(bob, room) == [(bob.id, Role.MEMBER), (carl.id, Role.OWNER), (dora.id, Role.MODERATOR)]


def test_a_leaving_moderator_changes_no_other_role(chat, ann, bob, carl):
    room = ann.makes_room(with_=[bob, carl])
    chat.gives_role(Role.MODERATOR, bob, room)
    bob.leaves(room)
    assert participants(ann, room) == [(ann.id, Role.OWNER), (carl.id, Role.MEMBER)]
    assert chat.happened()[-1] == ("participant.left", bob.id, Role.MODERATOR)


def test_a_returning_participant_is_the_newest_member(ann, bob, carl):
    room = ann.makes_room(with_=[bob, carl])
    ann.leaves(room)
    ann.joins(room)
    assert participants(ann, room) == [(bob.id, Role.OWNER), (carl.id, Role.MEMBER), (ann.id, Role.MEMBER)]


def test_a_returning_participant_has_nothing_unread(ann, bob):
    room = ann.makes_room(with_=[bob])
    ann.says("one", in_=room)
    bob.leaves(room)
    ann.says("two", in_=room)
    bob.joins(room)
    assert bob.unread(room) == 0


def test_the_last_participant_to_leave_removes_the_room(chat, ann, bob):
    room = ann.makes_room(with_=[bob])
    ann.leaves(room)
    bob.leaves(room)
    assert chat.happened()[-1] == ("room.deleted",)
    with pytest.raises(RoomNotFound):
        ann.joins(room)


# Direct chats


def test_a_pair_has_one_direct_chat_from_both_sides(chat, ann, bob):
    room = ann.chats_with(bob)
    with chat.nothing_changes():
        assert ann.chats_with(bob).id == bob.chats_with(ann).id == room.id


def test_opening_a_direct_chat_reports_a_new_one(chat, ann, bob):
    shown, is_new = chat.services.rooms.direct_chat(ann.id, bob.id)
    assert is_new
    assert chat.services.rooms.direct_chat(bob.id, ann.id)[1] is False
    assert (shown.view.room.kind, shown.view.room.is_private) == (RoomKind.DIRECT, True)
    assert shown.details.people == {ann.id: ann.user, bob.id: bob.user}


def test_the_two_of_a_direct_chat_are_equals(chat, ann, bob):
    room = bob.chats_with(ann)
    assert participants(ann, room) == [(bob.id, Role.MEMBER), (ann.id, Role.MEMBER)]
    assert chat.happened() == [
        ("room.created",),
        ("participant.joined", bob.id, Role.MEMBER),
        ("participant.joined", ann.id, Role.MEMBER),
    ]


def test_each_pair_has_its_own_direct_chat(ann, bob, carl):
    assert len({ann.chats_with(bob).id, ann.chats_with(carl).id, bob.chats_with(carl).id}) == 3


def test_concurrent_openings_of_a_direct_chat_return_the_same_room(chat, ann, bob):
    faster = []
    chat.meanwhile(lambda: faster.append(bob.chats_with(ann)))
    shown, is_new = chat.services.rooms.direct_chat(ann.id, bob.id)
    assert not is_new
    assert [room.id for room in faster] == [shown.view.room.id]
    assert shown.view.room.participants_count == 2


def test_a_user_cannot_open_a_direct_chat_with_themselves(chat, ann):
    with chat.nothing_changes():
        assert issues_of(lambda: ann.chats_with(ann)) == {"user_id": ["yourself"]}


def test_a_direct_chat_with_an_unknown_user_is_not_found(chat, ann):
    with chat.nothing_changes(), pytest.raises(UserNotFound):
        chat.services.rooms.direct_chat(ann.id, 99)


def test_a_direct_chat_cannot_be_edited_deleted_or_left(chat, ann, bob):
    room = ann.chats_with(bob)
    for request in (lambda: ann.edits(room, name="Us"), lambda: ann.deletes(room), lambda: ann.leaves(room)):
        with chat.nothing_changes(), pytest.raises(DirectChatIsFixed):
            request()


# Receipts


@pytest.fixture
def room(ann, bob):
    """A room of ann and bob where bob has five unread messages."""
    room = ann.makes_room(with_=[bob])
    for number in range(1, 6):
        ann.says(f"message {number}", in_=room)
    return room


def test_a_receipt_moves_forward(chat, bob, room):
    assert bob.reads(room, up_to=2) == (2, 3)
    assert bob.reads(room, up_to=4) == (4, 1)
    assert bob.unread(room) == 1
    assert chat.happened()[-2:] == [("message.read", bob.id, 2), ("message.read", bob.id, 4)]


def test_a_receipt_never_moves_backwards(chat, bob, room):
    bob.reads(room, up_to=4)
    with chat.nothing_is_written():
        assert bob.reads(room, up_to=2) == (4, 1)
        assert bob.reads(room, up_to=4) == (4, 1)
        assert bob.reads(room, up_to=0) == (4, 1)


def test_a_receipt_beyond_the_end_means_the_end(chat, bob, room):
    assert bob.reads(room, up_to=10**9) == (5, 0)
    assert chat.happened()[-1] == ("message.read", bob.id, 5)
    with chat.nothing_changes():
        assert bob.reads(room, up_to=10**9) == (5, 0)


def test_a_receipt_leaves_newer_messages_unread(chat, ann, bob, room):
    chat.meanwhile(lambda: ann.says("one more", in_=room))
    assert bob.reads(room, up_to=5) == (5, 1)


def test_of_two_receipts_at_once_the_newer_counts(chat, bob, room):
    chat.meanwhile(lambda: bob.reads(room, up_to=5))
    assert bob.reads(room, up_to=3) == (5, 0)
    assert chat.happened()[-1] == ("message.read", bob.id, 5)


def test_a_receipt_for_messages_before_joining_affects_their_authors_only(chat, ann, carl, room):
    carl.joins(room)
    assert carl.reads(room, up_to=3) == (5, 0)
    assert ann.looks_at(room).others_seen_seq == 3


def test_receipts_are_for_participants(chat, carl, room):
    with chat.nothing_changes(), pytest.raises(NotAParticipant):
        carl.reads(room, up_to=1)


def test_the_newest_receipt_of_the_others_marks_messages_as_read(ann, bob, carl, room):
    carl.joins(room)
    bob.reads(room, up_to=2)
    carl.reads(room, up_to=4)
    assert ann.looks_at(room).others_seen_seq == 4
    assert carl.looks_at(room).others_seen_seq == 5


# Somebody else at the same time


def test_a_room_made_private_before_a_join_is_not_found(chat, ann, bob):
    room = ann.makes_room()
    chat.meanwhile(lambda: ann.edits(room, is_private=True))
    with pytest.raises(RoomNotFound):
        bob.joins(room)
