"""The people whom a user knows on a server where users find only those with whom they share a room."""

import pytest

from builders import ALL, MemoryChat, issues_of
from minichat.domain.errors import ParticipantNotFound, UserNotFound
from minichat.domain.model import DirectoryMode, Modes, Role

NOBODY = 999


@pytest.fixture
def chat():
    return MemoryChat(modes=Modes(directory=DirectoryMode.SHARED))


@pytest.fixture
def dora(chat):
    return chat.person("dora")


@pytest.fixture
def room(chat, ann, bob):
    """A room of ann and bob. Ann has added bob by an invitation, since they did not know each other."""
    room = ann.makes_room("Tea", private=True)
    bob.accepts(ann.invites(room))
    return room


def listed(chat, person):
    return [user.username for user in chat.services.directory.page(person.id, ALL).items]


def online(chat, person):
    return [user.username for user in chat.services.directory.online(person.id, ALL).items]


@pytest.fixture(params=["a stranger", "an unknown id"])
def stranger_id(request, carl):
    """The id of carl, who shares no room with anybody, or an id of nobody: no answer may differ."""
    return carl.id if request.param == "a stranger" else NOBODY


def test_a_user_finds_only_people_in_the_same_rooms(chat, ann, carl, room):
    assert listed(chat, ann) == online(chat, ann) == ["ann", "bob"]
    assert ann.finds("b") == ["bob"]
    assert ann.finds("c") == []
    assert listed(chat, carl) == ["carl"]


def test_a_direct_chat_is_a_shared_room(chat, ann, bob, room):
    ann.chats_with(bob)
    bob.leaves(room)
    assert ann.finds("bob") == ["bob"]
    assert chat.services.directory.get(bob.id, ann.id) == ann.user
    ann.says("still here", in_=ann.chats_with(bob))


def test_a_user_who_leaves_the_last_shared_room_is_a_stranger_at_once(chat, ann, bob, room):
    bob.leaves(room)
    assert listed(chat, ann) == ["ann"]
    with pytest.raises(UserNotFound):
        chat.services.directory.get(ann.id, bob.id)


def test_a_removed_room_connects_nobody(chat, ann, bob, room):
    ann.deletes(room)
    assert listed(chat, bob) == ["bob"]


def test_a_public_room_connects_its_participants_only(chat, ann, carl):
    public = ann.makes_room("Square")
    assert listed(chat, carl) == ["carl"]
    carl.joins(public)
    assert listed(chat, carl) == ["ann", "carl"]


def test_everybody_finds_themselves(chat, carl):
    assert chat.services.directory.get(carl.id, carl.id) == carl.user


def test_a_stranger_is_nobody(chat, ann, room, stranger_id):
    with chat.nothing_changes():
        for action in (
            lambda: chat.services.directory.get(ann.id, stranger_id),
            lambda: chat.services.moderation.add(ann.id, room.id, stranger_id),
            lambda: chat.services.rooms.direct_chat(ann.id, stranger_id),
            lambda: chat.services.blocks.block(ann.id, stranger_id),
            lambda: chat.services.moderation.remove(ann.id, room.id, stranger_id, is_ban=True),
        ):
            with pytest.raises(UserNotFound):
                action()
        with pytest.raises(ParticipantNotFound):
            chat.services.moderation.remove(ann.id, room.id, stranger_id)


def test_a_stranger_cannot_be_in_a_new_room(chat, ann, bob, room, stranger_id):
    def create():
        return chat.services.rooms.create(ann.id, "Coffee", invited=[bob.id, stranger_id])

    with chat.nothing_changes():
        assert issues_of(create) == {"participants": ["unknown_user"]}
        check = chat.services.rooms.check_new
        assert issues_of(lambda: check(ann.id, invited=[stranger_id])) == {"participants": ["unknown_user"]}
    assert issues_of(lambda: chat.services.rooms.create(ann.id, "Coffee", invited=[bob.id])) == {}


def test_an_acquaintance_can_be_added_to_another_room(ann, bob, room):
    other = ann.makes_room("Coffee", private=True)
    ann.adds(bob, to=other)
    assert bob.role_in(other) == Role.MEMBER


def test_a_block_between_strangers_stays_until_it_is_removed(ann, bob, room):
    ann.blocks(bob)
    bob.leaves(room)
    assert ann.blocked() == ["bob"]
    ann.unblocks(bob)
    assert ann.blocked() == []


def test_to_remove_a_missing_block_does_not_show_which_ids_exist(chat, ann, stranger_id):
    with chat.nothing_changes():
        chat.services.blocks.unblock(ann.id, stranger_id)


def test_an_author_who_has_left_can_be_banned(ann, bob, room):
    bob.says("spam", in_=room)
    bob.leaves(room)
    ann.bans(bob, from_=room)
    assert ann.banned(room) == ["bob"]


def test_an_author_of_another_room_is_a_stranger_here(ann, bob, carl, room):
    bob.says("hello", in_=room)
    bob.leaves(room)
    other = ann.makes_room("Coffee")
    with pytest.raises(UserNotFound):
        ann.bans(bob, from_=other)


def test_a_ban_of_a_stranger_can_be_lifted(ann, bob, room):
    ann.bans(bob, from_=room)
    ann.lifts_ban(bob, in_=room)
    assert ann.banned(room) == []


def test_to_lift_a_missing_ban_does_not_show_which_ids_exist(chat, ann, room, stranger_id):
    with chat.nothing_changes():
        chat.services.moderation.lift_ban(ann.id, room.id, stranger_id)


def test_a_stranger_is_unknown_before_a_block_is_noticed(chat, ann, bob, room):
    bob.blocks(ann)
    bob.leaves(room)
    with pytest.raises(UserNotFound):
        ann.chats_with(bob)


def test_a_block_refuses_an_acquaintance_as_usual(ann, bob, room):
    bob.blocks(ann)
    assert ann.finds("bob") == ["bob"]
    assert issues_of(lambda: ann.makes_room("Empty")) == {}


def test_messages_show_authors_who_have_left(chat, ann, bob, room):
    bob.says("so long", in_=room)
    bob.leaves(room)
    page = ann.history(room)
    assert page.details.people[bob.id].username == "bob"


def test_an_administrator_knows_everybody(chat, ann, bob, carl):
    directory = chat.services.directory
    assert directory.get(None, carl.id) == carl.user
    assert [user.username for user in directory.page(None, ALL).items] == ["ann", "bob", "carl"]
    assert [user.username for user in directory.search(None, "carl", 5)] == ["carl"]
