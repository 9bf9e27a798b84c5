"""Administrators and groups: lists, renaming, handing over, invitations and removal."""

import pytest

from builders import issues_of
from minichat.domain.errors import (
    ChangedMeanwhile,
    HeirDisabled,
    InvitationNotFound,
    NotAnAdministrator,
    ParticipantNotFound,
    RoomNotFound,
)
from minichat.domain.model import AuditEvent, Role, RoomOrder
from minichat.domain.paging import Window

ALL = Window(50)


@pytest.fixture
def rooms(chat):
    return chat.services.room_administration


@pytest.fixture
def root(chat):
    return chat.superuser("root")


@pytest.fixture
def room(ann, bob):
    return ann.makes_room("Tea", with_=[bob])


@pytest.fixture
def newest_act(chat):
    def look():
        [entry] = chat.services.audit_log.page(1)
        return entry.event, entry.user_id, entry.actor_id, entry.detail

    return look


def test_groups_are_found_by_name_privacy_and_order(rooms, ann, bob, room):
    secret = ann.makes_room("Secret tea", private=True)
    other = bob.makes_room("Café")
    ann.chats_with(bob)
    ann.says("hello", in_=room)

    def found(query="", **given):
        return [one.id for one in rooms.page(ALL, query, **given).items]

    assert found() == [other.id, secret.id, room.id]
    assert found(order=RoomOrder.ACTIVE) == [room.id, other.id, secret.id]
    assert found(is_private=True) == [secret.id]
    assert found(is_private=False) == [other.id, room.id]
    assert found("TEA") == [secret.id, room.id]
    assert found("cafe", is_private=False) == [other.id]
    assert found("tea", is_private=True, order=RoomOrder.ACTIVE) == [secret.id]
    assert issues_of(lambda: rooms.page(ALL, "x" * 101)) == {"q": ["too_long"]}


def test_every_order_continues_after_its_key(rooms, ann):
    made = [ann.makes_room(f"Room {number}", private=number % 2 == 0).id for number in range(5)]
    for order in RoomOrder:
        page, found = rooms.page(Window(2), order=order), []
        while True:
            found += [one.id for one in page.items]
            if page.next is None:
                break
            page = rooms.page(Window(2, after=page.next), order=order)
        assert found == made[::-1]


def test_a_group_is_shown_with_its_owner_participants_and_invitations(chat, rooms, ann, bob, room):
    invitation = ann.invites(room).invitation
    assert (rooms.get(room.id).name, rooms.owner(room.id).user.id) == ("Tea", ann.id)
    listed = rooms.participants(room.id, ALL)
    assert [member.user_id for member in listed.page.items] == [ann.id, bob.id]
    invitations = rooms.invitations(room.id, ALL)
    assert ([one.id for one in invitations.page.items], set(invitations.people)) == ([invitation.id], {ann.id})


def test_participants_learn_of_a_renaming_as_of_one_by_the_owner(chat, rooms, newest_act, ann, root, room):
    ann.edits(room, name="Coffee")
    *earlier, by_owner = chat.happened()
    assert rooms.rename(room.id, " Milk ", seen="Coffee", by=root.id).name == "Milk"
    assert chat.happened() == [*earlier, by_owner, by_owner]
    assert ann.looks_at(room).room.name == "Milk"
    assert newest_act() == (AuditEvent.ROOM_RENAMED, None, root.id, {"room": room.id})
    with chat.nothing_changes():
        rooms.rename(room.id, "Milk", seen="Milk", by=root.id)
        assert issues_of(lambda: rooms.rename(room.id, " ", seen="Milk", by=root.id)) == {"name": ["blank"]}


def test_an_old_form_does_not_rename_a_room_that_somebody_has_renamed_meanwhile(chat, rooms, ann, root, room):
    ann.edits(room, name="Coffee")
    with chat.nothing_is_written(), pytest.raises(ChangedMeanwhile):
        rooms.rename(room.id, "Milk", seen="Tea", by=root.id)


def test_a_room_is_handed_over_to_a_participant(chat, rooms, newest_act, ann, bob, carl, root, room):
    assert rooms.hand_over(room.id, bob.id, seen=ann.id, by=root.id).membership.role == Role.OWNER
    assert (ann.role_in(room), bob.role_in(room)) == (Role.MODERATOR, Role.OWNER)
    assert chat.happened()[-2:] == [
        ("participant.updated", bob.id, Role.OWNER),
        ("participant.updated", ann.id, Role.MODERATOR),
    ]
    assert newest_act() == (AuditEvent.ROLE_CHANGED, ann.id, root.id, {"room": room.id, "role": "moderator"})
    with chat.nothing_changes():
        rooms.hand_over(room.id, bob.id, seen=ann.id, by=root.id)
        with pytest.raises(ParticipantNotFound):
            rooms.hand_over(room.id, carl.id, seen=bob.id, by=root.id)


def test_an_old_form_does_not_hand_over_a_room_that_has_another_owner_meanwhile(
    chat, rooms, ann, bob, carl, root, room
):
    carl.joins(room)
    ann.makes(bob, Role.OWNER, in_=room)
    with chat.nothing_is_written(), pytest.raises(ChangedMeanwhile):
        rooms.hand_over(room.id, carl.id, seen=ann.id, by=root.id)


def test_a_disabled_participant_does_not_become_the_owner(chat, rooms, ann, bob, root, room):
    chat.services.administration.disable("bob")
    with chat.nothing_changes(), pytest.raises(HeirDisabled):
        rooms.hand_over(room.id, bob.id, seen=ann.id, by=root.id)


def test_an_invitation_is_revoked(chat, rooms, newest_act, ann, carl, root, room):
    made = ann.invites(room)
    rooms.revoke_invitation(room.id, made.invitation.id, by=root.id)
    assert newest_act() == (
        *(AuditEvent.INVITATION_REVOKED, ann.id, root.id),
        {"room": room.id, "invitation": made.invitation.id},
    )
    for act in (
        lambda: rooms.revoke_invitation(room.id, made.invitation.id, by=root.id),
        lambda: chat.services.invitations.accept(carl.id, made.token),
    ):
        with chat.nothing_changes(), pytest.raises(InvitationNotFound):
            act()


def test_a_group_is_removed(chat, rooms, newest_act, ann, root, room):
    assert rooms.delete(room.id, by=root.id).name == "Tea"
    with pytest.raises(RoomNotFound):
        ann.looks_at(room)
    assert chat.happened()[-1] == ("room.deleted",)
    assert newest_act() == (AuditEvent.ROOM_DELETED, None, root.id, {"room": room.id})


@pytest.fixture(params=["get", "owner", "participants", "invitations", "rename", "hand_over", "revoke", "delete"])
def act(request, rooms, root, bob):
    """Each method, as a function of the room's id and the administrator's."""
    acts = {
        "get": lambda room_id, _by: rooms.get(room_id),
        "owner": lambda room_id, _by: rooms.owner(room_id),
        "participants": lambda room_id, _by: rooms.participants(room_id, ALL),
        "invitations": lambda room_id, _by: rooms.invitations(room_id, ALL),
        "rename": lambda room_id, by: rooms.rename(room_id, "New", seen="Tea", by=by),
        "hand_over": lambda room_id, by: rooms.hand_over(room_id, bob.id, seen=1, by=by),
        "revoke": lambda room_id, by: rooms.revoke_invitation(room_id, 1, by=by),
        "delete": lambda room_id, by: rooms.delete(room_id, by=by),
    }
    return acts[request.param]


def test_a_direct_chat_is_not_found_like_an_unknown_room(chat, act, ann, bob, root, room):
    direct = ann.chats_with(bob)
    ann.deletes(room)
    for room_id in (direct.id, room.id, 99):
        with chat.nothing_is_written(), pytest.raises(RoomNotFound):
            act(room_id, root.id)


@pytest.mark.parametrize("act", ["rename", "hand_over", "revoke", "delete"], indirect=True)
def test_a_superuser_disabled_meanwhile_changes_nothing(chat, act, ann, root, room):
    chat.superuser("eve")
    ann.invites(room)
    chat.services.administration.disable("root")
    for by in (root.id, ann.id):
        with chat.nothing_is_written(), pytest.raises(NotAnAdministrator):
            act(room.id, by)
