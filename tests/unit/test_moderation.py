"""Adding, removing and banning participants, and giving roles."""

import pytest

from builders import ALL, PASSWORD, issues_of
from minichat.domain.errors import (
    Banned,
    DirectChatIsFixed,
    NotAParticipant,
    OwnerNeeded,
    ParticipantNotFound,
    RoleTooLow,
    RoomNotFound,
    UserIsBanned,
    UserNotFound,
)
from minichat.domain.model import AuditEvent, Role
from minichat.domain.paging import Window


@pytest.fixture
def people(chat):
    return chat.people("ann", "bob", "carl", "dora", "eve")


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
def dora(people):
    return people[3]


@pytest.fixture
def eve(people):
    return people[4]


@pytest.fixture
def room(chat, ann, bob, carl):
    """A private room: ann owns it, bob moderates it, carl is a member, dora and eve are not in it."""
    room = ann.makes_room("Tea", private=True, with_=[bob, carl])
    chat.gives_role(Role.MODERATOR, bob, room)
    return room


@pytest.fixture
def public(chat, ann, bob, carl):
    """The same, but public."""
    room = ann.makes_room("Garden", with_=[bob, carl])
    chat.gives_role(Role.MODERATOR, bob, room)
    return room


def roles(person, room):
    page = person.chat.services.rooms.participants(person.id, room.id, ALL).page
    return {membership.user_id: membership.role for membership in page.items}


def noted(chat, count):
    """Return the newest entries of the audit log in short, the oldest first."""
    return [(one.event, one.user_id, one.actor_id, one.detail) for one in chat.services.audit_log.page(count)[::-1]]


def erase(person):
    person.chat.services.erasure.erase(person.caller, PASSWORD)


# Adding


@pytest.mark.parametrize("who", ["ann", "bob"])
def test_owner_and_moderators_let_people_in(chat, people, room, dora, who):
    host = next(person for person in people if person.username == who)
    shown, is_new = host.adds(dora, to=room)
    assert is_new
    assert (shown.user, shown.membership.role) == (dora.user, Role.MEMBER)
    assert dora.looks_at(room).room.participants_count == 4
    assert chat.happened()[-1] == ("participant.joined", dora.id, Role.MEMBER)


def test_an_added_participant_has_nothing_unread_and_can_read_earlier_messages(ann, dora, room):
    ann.says("before", in_=room)
    ann.adds(dora, to=room)
    assert dora.unread(room) == 0
    assert [message.content for message in dora.history(room).messages] == ["before"]
    ann.says("after", in_=room)
    assert dora.unread(room) == 1


def test_adding_a_participant_again_changes_nothing(chat, ann, bob, room):
    for person, role in ((bob, Role.MODERATOR), (ann, Role.OWNER)):
        with chat.nothing_changes():
            shown, is_new = ann.adds(person, to=room)
        assert (shown.membership.role, is_new) == (role, False)


def test_members_and_outsiders_cannot_add_users(chat, carl, eve, dora, room, public):
    for person, where, refusal in (
        (carl, room, RoleTooLow),
        (eve, room, RoomNotFound),
        (eve, public, NotAParticipant),
    ):
        with chat.nothing_changes(), pytest.raises(refusal):
            person.adds(dora, to=where)


def test_an_unknown_user_cannot_be_added(chat, ann, dora, room):
    with chat.nothing_changes(), pytest.raises(UserNotFound):
        chat.services.moderation.add(ann.id, room.id, 99)
    erase(dora)
    with chat.nothing_changes(), pytest.raises(UserNotFound):
        ann.adds(dora, to=room)


def test_a_user_erased_during_the_request_is_not_added(chat, ann, dora, room):
    chat.meanwhile(lambda: erase(dora))
    with pytest.raises(UserNotFound):
        ann.adds(dora, to=room)


# Roles


def test_the_owner_gives_roles(chat, ann, carl, room):
    shown = ann.makes(carl, Role.MODERATOR, in_=room)
    assert (shown.user, shown.membership.role, carl.role_in(room)) == (carl.user, Role.MODERATOR, Role.MODERATOR)
    assert chat.happened()[-1] == ("participant.updated", carl.id, Role.MODERATOR)
    assert noted(chat, 1) == [(AuditEvent.ROLE_CHANGED, carl.id, ann.id, {"room": room.id, "role": "moderator"})]
    ann.makes(carl, Role.MEMBER, in_=room)
    assert carl.role_in(room) == Role.MEMBER


def test_the_former_owner_becomes_a_moderator(chat, ann, carl, room):
    shown = ann.makes(carl, Role.OWNER, in_=room)
    assert shown.membership.role == Role.OWNER
    assert (carl.role_in(room), ann.role_in(room)) == (Role.OWNER, Role.MODERATOR)
    assert chat.happened()[-2:] == [
        ("participant.updated", carl.id, Role.OWNER),
        ("participant.updated", ann.id, Role.MODERATOR),
    ]
    assert noted(chat, 2) == [
        (AuditEvent.ROLE_CHANGED, carl.id, ann.id, {"room": room.id, "role": "owner"}),
        (AuditEvent.ROLE_CHANGED, ann.id, ann.id, {"room": room.id, "role": "moderator"}),
    ]


def test_giving_the_same_role_again_changes_nothing(chat, ann, bob, room):
    with chat.nothing_changes():
        assert ann.makes(bob, Role.MODERATOR, in_=room).membership.role == Role.MODERATOR
        assert ann.makes(ann, Role.OWNER, in_=room).membership.role == Role.OWNER


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.MEMBER])
def test_an_owner_does_not_step_down_without_a_successor(chat, ann, room, role):
    with chat.nothing_changes(), pytest.raises(OwnerNeeded):
        ann.makes(ann, role, in_=room)


def test_only_the_owner_can_give_roles(chat, bob, carl, eve, room, public):
    for person, where, refusal in (
        (bob, room, RoleTooLow),
        (carl, room, RoleTooLow),
        (eve, room, RoomNotFound),
        (eve, public, NotAParticipant),
    ):
        for other in (bob, carl, eve):
            with chat.nothing_changes(), pytest.raises(refusal):
                person.makes(other, Role.OWNER, in_=where)


def test_a_stranger_cannot_get_a_role(chat, ann, eve, room):
    with chat.nothing_changes(), pytest.raises(ParticipantNotFound):
        ann.makes(eve, Role.MODERATOR, in_=room)
    with chat.nothing_changes(), pytest.raises(ParticipantNotFound):
        chat.services.moderation.set_role(ann.id, room.id, 99, Role.MEMBER)


def test_a_concurrent_hand_over_and_departure_leave_one_owner(chat, ann, carl, room):
    chat.meanwhile(lambda: ann.leaves(room))
    with pytest.raises(RoomNotFound):
        ann.makes(carl, Role.OWNER, in_=room)
    assert list(roles(carl, room).values()).count(Role.OWNER) == 1


def test_an_owner_cannot_hand_over_to_a_leaving_participant(chat, ann, carl, room):
    chat.meanwhile(lambda: carl.leaves(room))
    with pytest.raises(ParticipantNotFound):
        ann.makes(carl, Role.OWNER, in_=room)
    assert ann.role_in(room) == Role.OWNER


# Removing


def test_the_owner_can_remove_every_other_participant(chat, ann, bob, carl, room):
    for person, role in ((bob, Role.MODERATOR), (carl, Role.MEMBER)):
        ann.removes(person, from_=room)
        with pytest.raises(RoomNotFound):
            person.looks_at(room)
        assert chat.happened()[-1] == ("participant.left", person.id, role)
        assert noted(chat, 1) == [(AuditEvent.PARTICIPANT_REMOVED, person.id, ann.id, {"room": room.id})]
    assert ann.looks_at(room).room.participants_count == 1


def test_moderators_remove_members_only(chat, ann, bob, carl, dora, room):
    bob.removes(carl, from_=room)
    ann.adds(dora, to=room)
    ann.makes(dora, Role.MODERATOR, in_=room)
    for person in (ann, dora):
        for request in (bob.removes, bob.bans):
            with chat.nothing_changes(), pytest.raises(RoleTooLow):
                request(person, from_=room)


def test_members_and_outsiders_cannot_remove_participants(chat, ann, bob, carl, dora, eve, room, public):
    for person, where, refusal in (
        (carl, room, RoleTooLow),
        (eve, room, RoomNotFound),
        (eve, public, NotAParticipant),
    ):
        for other in (ann, bob, dora):
            for request in (person.removes, person.bans):
                with chat.nothing_changes(), pytest.raises(refusal):
                    request(other, from_=where)


def test_a_user_outside_the_room_cannot_be_removed(chat, ann, eve, room):
    with chat.nothing_changes(), pytest.raises(ParticipantNotFound):
        ann.removes(eve, from_=room)


def test_to_remove_oneself_is_to_leave(chat, ann, bob, carl, room):
    ann.removes(ann, from_=room)
    assert roles(carl, room) == {bob.id: Role.OWNER, carl.id: Role.MEMBER}
    carl.removes(carl, from_=room)
    bob.removes(bob, from_=room)
    assert chat.happened()[-1] == ("room.deleted",)
    assert AuditEvent.PARTICIPANT_REMOVED not in {event for event, *_ in noted(chat, 9)}


def test_a_removed_participant_can_join_a_public_room_again(ann, carl, public):
    ann.removes(carl, from_=public)
    assert carl.public_rooms() == ["Garden"]
    assert carl.joins(public).membership.role == Role.MEMBER


# Bans


@pytest.mark.parametrize("who", ["ann", "bob"])
def test_a_banned_user_is_removed_and_cannot_join(chat, people, carl, public, who):
    host = next(person for person in people if person.username == who)
    host.bans(carl, from_=public)
    assert chat.happened()[-1] == ("participant.left", carl.id, Role.MEMBER)
    assert noted(chat, 2) == [
        (AuditEvent.PARTICIPANT_REMOVED, carl.id, host.id, {"room": public.id}),
        (AuditEvent.USER_BANNED, carl.id, host.id, {"room": public.id}),
    ]
    with chat.nothing_changes(), pytest.raises(Banned):
        carl.joins(public)


def test_a_banned_user_sees_the_same_as_a_stranger(ann, carl, eve, public):
    ann.bans(carl, from_=public)
    assert carl.looks_at(public) == eve.looks_at(public)
    with pytest.raises(NotAParticipant):
        carl.history(public)


def test_public_rooms_omit_a_room_that_bans_the_user(ann, carl, eve, public):
    ann.bans(carl, from_=public)
    assert (carl.public_rooms(), eve.public_rooms()) == ([], ["Garden"])


def test_a_private_room_does_not_reveal_a_ban(ann, carl, room):
    ann.bans(carl, from_=room)
    with pytest.raises(RoomNotFound):
        carl.joins(room)


def test_a_user_outside_the_room_can_be_banned(chat, bob, eve, public):
    before = chat.happened()
    bob.bans(eve, from_=public)
    assert chat.happened() == before
    assert noted(chat, 1) == [(AuditEvent.USER_BANNED, eve.id, bob.id, {"room": public.id})]
    with pytest.raises(Banned):
        eve.joins(public)


def test_a_second_ban_is_none(chat, ann, bob, carl, public):
    ann.bans(carl, from_=public)
    before = noted(chat, 99)
    with chat.nothing_changes():
        bob.bans(carl, from_=public)
    assert noted(chat, 99) == before


def test_a_user_cannot_ban_themselves_or_an_unknown_user(chat, ann, eve, room):
    with chat.nothing_changes():
        assert issues_of(lambda: ann.bans(ann, from_=room)) == {"ban": ["yourself"]}
    with chat.nothing_changes(), pytest.raises(UserNotFound):
        chat.services.moderation.remove(ann.id, room.id, 99, is_ban=True)
    erase(eve)
    with chat.nothing_changes(), pytest.raises(UserNotFound):
        ann.bans(eve, from_=room)


def test_a_banned_user_cannot_be_added(chat, ann, bob, carl, room):
    ann.bans(carl, from_=room)
    for host in (ann, bob):
        with chat.nothing_changes(), pytest.raises(UserIsBanned):
            host.adds(carl, to=room)


def test_a_user_banned_while_being_added_is_not_added(chat, ann, bob, eve, room):
    chat.meanwhile(lambda: ann.bans(eve, from_=room))
    with pytest.raises(UserIsBanned):
        bob.adds(eve, to=room)


def test_a_user_added_while_being_banned_is_removed(chat, ann, bob, eve, room):
    chat.meanwhile(lambda: bob.adds(eve, to=room))
    ann.bans(eve, from_=room)
    with pytest.raises(RoomNotFound):
        eve.looks_at(room)


def test_a_user_banned_while_joining_cannot_join(chat, ann, eve, public):
    chat.meanwhile(lambda: ann.bans(eve, from_=public))
    with pytest.raises(Banned):
        eve.joins(public)


def test_a_ban_applies_to_one_room(ann, carl, room, public):
    ann.bans(carl, from_=public)
    assert carl.looks_at(room).membership


def test_bans_are_listed_the_newest_first_for_owner_and_moderators(chat, ann, bob, carl, dora, eve, room):
    for person in (eve, carl, dora):
        bob.bans(person, from_=room)
        chat.clock.advance(1)
    assert ann.banned(room) == bob.banned(room) == ["dora", "carl", "eve"]
    found = chat.services.moderation.bans(ann.id, room.id, Window(2))
    assert [(ban.user_id, ban.banned_by) for ban in found.page.items] == [(dora.id, bob.id), (carl.id, bob.id)]
    assert found.page.items[0].banned_at == chat.clock.now - 1_000
    assert ann.banned(room, Window(2, after=found.page.next)) == ["eve"]
    back = chat.services.moderation.bans(ann.id, room.id, Window(2, after=found.page.next)).page.prev
    assert ann.banned(room, Window(2, before=back)) == ["dora", "carl"]


def test_only_the_owner_and_moderators_see_bans(chat, carl, eve, dora, room, public):
    for person, where, refusal in (
        (carl, room, RoleTooLow),
        (eve, room, RoomNotFound),
        (eve, public, NotAParticipant),
    ):
        for request in (lambda: person.banned(where), lambda: person.lifts_ban(dora, in_=where)):  # noqa: B023
            with chat.nothing_changes(), pytest.raises(refusal):
                request()


def test_a_user_can_join_again_after_the_ban_is_lifted(chat, ann, bob, carl, public):
    ann.bans(carl, from_=public)
    bob.lifts_ban(carl, in_=public)
    assert noted(chat, 1) == [(AuditEvent.USER_UNBANNED, carl.id, bob.id, {"room": public.id})]
    assert ann.banned(public) == []
    assert carl.joins(public).membership.role == Role.MEMBER


def test_lifting_a_missing_ban_changes_nothing(chat, ann, carl, eve, room):
    with chat.nothing_changes():
        for person in (carl, eve):
            ann.lifts_ban(person, in_=room)
    with pytest.raises(UserNotFound):
        chat.services.moderation.lift_ban(ann.id, room.id, 99)
    assert AuditEvent.USER_UNBANNED not in {event for event, *_ in noted(chat, 99)}


# Direct chats


def test_a_direct_chat_has_no_moderation(chat, ann, bob, eve):
    direct = ann.chats_with(bob)
    for other in (bob, eve):
        for request in (
            lambda other=other: ann.adds(other, to=direct),
            lambda other=other: ann.makes(other, Role.MODERATOR, in_=direct),
            lambda other=other: ann.removes(other, from_=direct),
            lambda other=other: ann.bans(other, from_=direct),
            lambda other=other: ann.lifts_ban(other, in_=direct),
        ):
            with chat.nothing_changes(), pytest.raises(DirectChatIsFixed):
                request()
    with chat.nothing_changes(), pytest.raises(DirectChatIsFixed):
        ann.banned(direct)
    with chat.nothing_changes(), pytest.raises(DirectChatIsFixed):
        ann.removes(ann, from_=direct)
    with pytest.raises(RoomNotFound):
        eve.adds(eve, to=direct)


# Erasure


def test_erasing_an_account_deletes_its_bans(chat, ann, bob, carl, eve, room, public):
    bob.bans(carl, from_=room)
    bob.bans(eve, from_=room)
    ann.bans(bob, from_=public)
    erase(carl)
    erase(bob)
    assert ann.banned(public) == []
    [ban] = chat.services.moderation.bans(ann.id, room.id, ALL).page.items
    assert (ban.user_id, ban.banned_by) == (eve.id, None)
    with pytest.raises(UserIsBanned):
        ann.adds(eve, to=room)


def test_an_account_erased_during_the_request_cannot_moderate(chat, ann, bob, carl, eve, room):
    caller = bob.caller
    for act in (
        lambda: bob.adds(eve, to=room),
        lambda: bob.bans(carl, from_=room),
        lambda: bob.lifts_ban(eve, in_=room),
    ):
        if bob.user.deleted_at is None:
            chat.meanwhile(lambda: chat.services.erasure.erase(caller, PASSWORD))
        with pytest.raises(RoomNotFound):
            act()
    assert roles(ann, room) == {ann.id: Role.OWNER, carl.id: Role.MEMBER}


def test_the_bans_of_a_removed_room_go_with_it(chat, ann, carl, public):
    ann.bans(carl, from_=public)
    ann.deletes(public)
    assert chat.memory.store.tables.bans == {}
