"""Invitations to rooms: the rights to create and to accept them, and their end."""

import pytest

from builders import PASSWORD, contents, issues_of
from minichat.domain.errors import (
    Banned,
    DirectChatIsFixed,
    InvalidInput,
    InvitationNotFound,
    NotAParticipant,
    RoleTooLow,
    RoomNotFound,
    SessionEnded,
    UsernameTaken,
)
from minichat.domain.invitations import MAX_LIFETIME_SECONDS, MAX_USES
from minichat.domain.model import AuditEvent, CreatedInvitation, HistoryAccess, Role
from minichat.domain.paging import Window
from minichat.domain.room_rules import RoomPolicy

HOUR, DAY = 3_600, 86_400


@pytest.fixture
def people(chat):
    return chat.people("ann", "bob", "carl", "dora", "eve")


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


def noted(chat, count):
    """Return the newest entries of the audit log in short, the oldest first."""
    return [(one.event, one.user_id, one.actor_id, one.detail) for one in chat.services.audit_log.page(count)[::-1]]


def register(chat, invite, username="frank"):
    token = invite.token if isinstance(invite, CreatedInvitation) else invite
    return chat.services.registration.register_invited(token, username, PASSWORD)


def disable(person):
    person.chat.services.administration.disable(person.username)


def erase(person):
    person.chat.services.erasure.erase(person.caller, PASSWORD)


def is_dead(chat, created, guest):
    """Check that an invitation looks to everybody as if it had never existed; return True."""
    with chat.nothing_changes():
        for attempt in (
            lambda: chat.services.invitations.preview(created.token),
            lambda: guest.accepts(created),
            lambda: register(chat, created),
        ):
            with pytest.raises(InvitationNotFound):
                attempt()
    return True


# Creating


@pytest.mark.parametrize("who", ["ann", "bob"])
def test_owner_and_moderators_invite(chat, people, room, who):
    host = next(person for person in people if person.username == who)
    created = host.invites(room, expires_in=HOUR, uses=3)
    found = created.invitation
    assert (found.room_id, found.created_by, found.uses, found.used) == (room.id, host.id, 3, 0)
    assert (found.created_at, found.expires_at) == (chat.clock.now, chat.clock.now + HOUR * 1_000)
    assert created.creator == host.user
    assert noted(chat, 1) == [
        (AuditEvent.INVITATION_CREATED, host.id, host.id, {"room": room.id, "invitation": found.id})
    ]


def test_an_invitation_lasts_seven_days_and_lets_any_number_join_by_default(ann, room):
    invitation = ann.invites(room).invitation
    assert invitation.expires_at - invitation.created_at == 7 * DAY * 1_000
    assert invitation.uses is None


def test_members_and_outsiders_cannot_invite_and_see_or_revoke_no_invitation(chat, ann, carl, eve, room, public):
    direct = ann.chats_with(carl)
    for person, where, refusal in (
        (carl, room, RoleTooLow),
        (eve, room, RoomNotFound),
        (eve, public, NotAParticipant),
        (ann, direct, DirectChatIsFixed),
        (eve, direct, RoomNotFound),
    ):
        for request in (
            lambda: person.invites(where),  # noqa: B023 - called in the same iteration
            lambda: person.invitations(where),  # noqa: B023
            lambda: chat.services.invitations.revoke(person.id, where.id, 1),  # noqa: B023
        ):
            with chat.nothing_changes(), pytest.raises(refusal):
                request()


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"expires_in": 0}, {"expires_in"}),
        ({"expires_in": -1}, {"expires_in"}),
        ({"expires_in": MAX_LIFETIME_SECONDS + 1}, {"expires_in"}),
        ({"uses": 0}, {"uses"}),
        ({"uses": MAX_USES + 1}, {"uses"}),
        ({"expires_in": 0, "uses": 0}, {"expires_in", "uses"}),
    ],
)
def test_a_lifetime_or_number_of_uses_out_of_range_is_refused(chat, ann, room, given, wrong):
    with chat.nothing_changes():
        assert issues_of(lambda: ann.invites(room, **given)) == {field: ["out_of_range"] for field in wrong}


@pytest.mark.parametrize("given", [{"expires_in": 1, "uses": 1}, {"expires_in": 30 * DAY, "uses": 1_000}])
def test_the_limits_themselves_are_allowed(ann, eve, room, given):
    assert eve.accepts(ann.invites(room, **given)).membership


def test_only_the_hash_of_a_token_is_stored(chat, ann, room):
    tokens = [ann.invites(room).token for _ in range(3)]
    assert len(set(tokens)) == 3
    assert min(map(len, tokens)) >= 128 / 6
    assert not [token for token in tokens if token in repr(chat.memory.store.tables)]


def test_an_owner_who_leaves_while_inviting_creates_no_invitation(chat, ann, room):
    chat.meanwhile(lambda: ann.leaves(room))
    with pytest.raises(RoomNotFound):
        ann.invites(room)
    assert chat.memory.store.tables.invitations == {}


# Looking at an invitation


def test_a_preview_shows_the_room_and_the_creator_to_strangers(chat, ann, bob, room):
    created = bob.invites(room)
    with chat.nothing_is_written():
        found = chat.services.invitations.preview(created.token)
    assert (found.invitation, found.room, found.creator) == (created.invitation, ann.looks_at(room).room, bob.user)


@pytest.mark.parametrize("token", ["", "x", "x" * 32, "é", "\ud800", "x" * 100_000])
def test_an_unknown_token_is_refused(chat, ann, eve, room, token):
    assert is_dead(chat, ann.invites(room)._replace(token=token), eve)


# Joining


def test_the_holder_of_an_invitation_joins_as_a_member_with_nothing_unread(chat, ann, eve, room):
    ann.says("before", in_=room)
    created = ann.invites(room)
    view = eve.accepts(created)
    assert (view.room.id, view.membership.role, view.unread_count) == (room.id, Role.MEMBER, 0)
    assert view == eve.looks_at(room)
    assert chat.happened()[-1] == ("participant.joined", eve.id, Role.MEMBER)
    detail = {"room": room.id, "invitation": created.invitation.id}
    assert noted(chat, 1) == [(AuditEvent.INVITATION_ACCEPTED, eve.id, eve.id, detail)]
    assert [one.used for one in ann.invitations(room)] == [1]


def test_guests_of_a_room_with_history_from_joining_read_nothing_earlier(chat, ann, eve, room):
    chat.services.rooms.edit(ann.id, room.id, policy=RoomPolicy(history=HistoryAccess.JOINED))
    ann.says("before", in_=room)
    created = ann.invites(room)
    assert eve.accepts(created).last_message is None
    assert register(chat, created)[2].view.last_message is None
    ann.says("after", in_=room)
    assert contents(eve.history(room)) == ["after"]


def test_an_invitation_to_a_public_room_works_too(ann, eve, public):
    assert eve.accepts(ann.invites(public)).membership.role == Role.MEMBER


def test_a_participant_uses_up_nothing(chat, ann, bob, carl, eve, room):
    created = ann.invites(room, uses=1)
    for person in (ann, bob, carl):
        before = noted(chat, 99)
        with chat.nothing_changes():
            assert person.accepts(created) == person.looks_at(room)
        assert noted(chat, 99) == before
    eve.accepts(created)
    with chat.nothing_changes():
        assert eve.accepts(created) == eve.looks_at(room)


def test_a_used_up_invitation_still_answers_participants_and_nobody_else(chat, ann, carl, dora, eve, room):
    created = ann.invites(room, uses=1)
    eve.accepts(created)
    assert is_dead(chat, created, dora)
    assert carl.accepts(created).membership
    eve.leaves(room)
    assert is_dead(chat, created, eve)


def test_an_invitation_lets_as_many_join_as_it_has_uses(chat, ann, dora, eve, room):
    created = ann.invites(room, uses=2)
    dora.accepts(created)
    register(chat, created)
    assert is_dead(chat, created, eve)
    assert [one.used for one in ann.invitations(room)] == [2]


def test_a_user_who_leaves_and_joins_again_counts_as_two_uses(ann, eve, room):
    created = ann.invites(room)
    for _ in range(2):
        eve.accepts(created)
        eve.leaves(room)
    assert [one.used for one in ann.invitations(room)] == [2]


def test_of_two_users_at_once_one_gets_the_last_use(chat, ann, dora, eve, room):
    created = ann.invites(room, uses=1)
    chat.meanwhile(lambda: dora.accepts(created))
    with pytest.raises(InvitationNotFound):
        eve.accepts(created)
    assert [one.used for one in ann.invitations(room)] == [1]
    assert ann.looks_at(room).room.participants_count == 4


def test_a_block_does_not_affect_an_invitation(chat, ann, dora, eve, room):
    created = ann.invites(room)
    eve.blocks(ann)
    ann.blocks(dora)
    assert chat.services.invitations.preview(created.token).creator == ann.user
    assert eve.accepts(created).membership
    assert dora.accepts(created).membership


def test_a_banned_user_cannot_join_and_uses_up_nothing(chat, ann, eve, room):
    created = ann.invites(room, uses=1)
    ann.bans(eve, from_=room)
    with chat.nothing_changes(), pytest.raises(Banned):
        eve.accepts(created)
    ann.lifts_ban(eve, in_=room)
    assert eve.accepts(created).membership


def test_a_ban_is_reported_before_a_used_up_invitation_and_after_a_dead_one(chat, ann, dora, eve, room):
    created = ann.invites(room, uses=1)
    ann.bans(eve, from_=room)
    dora.accepts(created)
    with pytest.raises(Banned):
        eve.accepts(created)
    ann.revokes(created)
    assert is_dead(chat, created, eve)


def test_a_user_banned_while_accepting_cannot_join(chat, ann, eve, room):
    created = ann.invites(room)
    chat.meanwhile(lambda: ann.bans(eve, from_=room))
    with pytest.raises(Banned):
        eve.accepts(created)


def test_an_account_erased_while_accepting_does_not_join(chat, ann, eve, room):
    created = ann.invites(room)
    chat.meanwhile(lambda: erase(eve))
    with pytest.raises(SessionEnded):
        eve.accepts(created)
    assert ann.looks_at(room).room.participants_count == 3


# The end of an invitation


def test_an_invitation_expires_for_participants_too(chat, ann, carl, eve, room):
    created = ann.invites(room, expires_in=HOUR)
    chat.clock.advance(HOUR - 0.001)
    assert carl.accepts(created)
    chat.clock.advance(0.001)
    assert is_dead(chat, created, eve)
    with pytest.raises(InvitationNotFound):
        carl.accepts(created)
    assert ann.invitations(room) == []


@pytest.mark.parametrize("who", ["ann", "bob"])
def test_owner_and_moderators_revoke_the_invitations_of_each_other(chat, people, ann, bob, eve, room, who):
    host = next(person for person in people if person.username == who)
    for creator in (ann, bob):
        created = creator.invites(room)
        host.revokes(created)
        detail = {"room": room.id, "invitation": created.invitation.id}
        assert noted(chat, 1) == [(AuditEvent.INVITATION_REVOKED, creator.id, host.id, detail)]
        assert is_dead(chat, created, eve)
    assert ann.invitations(room) == []


def test_an_unknown_invitation_or_one_of_another_room_is_not_revoked(chat, ann, eve, room, public):
    created = ann.invites(room)
    for where, invitation_id in ((room, 99), (public, created.invitation.id)):
        with chat.nothing_changes(), pytest.raises(InvitationNotFound):
            chat.services.invitations.revoke(ann.id, where.id, invitation_id)
    ann.revokes(created)
    with chat.nothing_changes(), pytest.raises(InvitationNotFound):
        ann.revokes(created)


def test_an_invitation_revoked_while_a_user_accepts_it_lets_nobody_in(chat, ann, eve, room):
    created = ann.invites(room)
    chat.meanwhile(lambda: ann.revokes(created))
    with pytest.raises(InvitationNotFound):
        eve.accepts(created)
    assert ann.looks_at(room).room.participants_count == 3


@pytest.mark.parametrize("end", ["leaves", "removed", "banned", "demoted", "disabled"])
@pytest.mark.parametrize("is_meanwhile", [False, True])
def test_an_invitation_ends_with_the_right_of_its_creator(chat, ann, bob, carl, eve, room, end, is_meanwhile):
    created = bob.invites(room)
    act = {
        "leaves": lambda: bob.leaves(room),
        "removed": lambda: ann.removes(bob, from_=room),
        "banned": lambda: ann.bans(bob, from_=room),
        "demoted": lambda: ann.makes(bob, Role.MEMBER, in_=room),
        "disabled": lambda: disable(bob),
    }[end]
    if is_meanwhile:
        chat.meanwhile(act)
        with pytest.raises(InvitationNotFound):
            eve.accepts(created)
    else:
        act()
    assert is_dead(chat, created, eve)
    with pytest.raises(InvitationNotFound):
        carl.accepts(created)
    assert ann.invitations(room) == [created.invitation]


def test_an_invitation_outlasts_a_change_between_the_roles_that_may_invite(ann, bob, dora, eve, room):
    created = ann.invites(room)
    ann.makes(bob, Role.OWNER, in_=room)
    assert dora.accepts(created)
    by_bob = bob.invites(room)
    bob.leaves(room)
    assert eve.accepts(created)
    with pytest.raises(InvitationNotFound):
        eve.accepts(by_bob)


def test_an_invitation_works_again_if_its_creator_gets_the_role_back(ann, bob, eve, room):
    created = bob.invites(room)
    ann.makes(bob, Role.MEMBER, in_=room)
    ann.makes(bob, Role.MODERATOR, in_=room)
    assert eve.accepts(created)


def test_invitations_end_with_their_room(chat, ann, eve, room):
    created = ann.invites(room)
    ann.deletes(room)
    assert is_dead(chat, created, eve)
    assert chat.memory.store.tables.invitations == {}


def test_a_room_deleted_while_a_user_accepts_stays_deleted(chat, ann, eve, room):
    created = ann.invites(room)
    chat.meanwhile(lambda: ann.deletes(room))
    with pytest.raises(InvitationNotFound):
        eve.accepts(created)


def test_erasing_an_account_deletes_its_invitations_in_all_rooms(chat, ann, bob, eve, room, public):
    left, kept = bob.invites(public), ann.invites(room)
    bob.leaves(public)
    created = bob.invites(room)
    erase(bob)
    for dead in (left, created):
        assert is_dead(chat, dead, eve)
    assert list(chat.memory.store.tables.invitations.values()) == [kept.invitation]
    assert ann.invitations(room) == [kept.invitation]


# The list


def test_invitations_are_listed_the_newest_first_with_their_creators(chat, ann, bob, eve, room, public):
    ann.invites(public)
    first, second, third = ann.invites(room), bob.invites(room, uses=1), ann.invites(room, expires_in=HOUR)
    eve.accepts(second)
    found = chat.services.invitations.page(bob.id, room.id, Window(2))
    assert found.page.items == [third.invitation, second.invitation._replace(used=1)]
    assert found.people == {ann.id: ann.user, bob.id: bob.user}
    assert ann.invitations(room, Window(2, after=found.page.next)) == [first.invitation]
    chat.clock.advance(HOUR)
    assert [one.id for one in ann.invitations(room)] == [second.invitation.id, first.invitation.id]


# Registering with an invitation


def test_a_new_user_registers_and_joins_at_once(chat, ann, room):
    created = ann.invites(room, uses=1)
    user, grant, shown = register(chat, created)
    assert chat.services.sessions.authenticate(grant.session.id, user.id).user == user
    assert shown == chat.services.rooms.get(user.id, room.id)
    assert shown.view.membership.role == Role.MEMBER
    assert chat.happened()[-1] == ("participant.joined", user.id, Role.MEMBER)
    detail = {"room": room.id, "invitation": created.invitation.id}
    assert noted(chat, 2) == [
        (AuditEvent.REGISTERED, user.id, user.id, {}),
        (AuditEvent.INVITATION_ACCEPTED, user.id, user.id, detail),
    ]
    assert [one.used for one in ann.invitations(room)] == [1]


@pytest.mark.parametrize("end", ["used up", "revoked", "demoted", "deleted", "erased"])
def test_an_invitation_that_ends_during_the_registration_makes_no_account(chat, ann, bob, eve, room, end):
    created = bob.invites(room, uses=1)
    act = {
        "used up": lambda: eve.accepts(created),
        "revoked": lambda: ann.revokes(created),
        "demoted": lambda: ann.makes(bob, Role.MEMBER, in_=room),
        "deleted": lambda: ann.deletes(room),
        "erased": lambda: erase(bob),
    }[end]
    chat.meanwhile(act)
    with pytest.raises(InvitationNotFound):
        register(chat, created)
    tables = chat.memory.store.tables
    assert "frank" not in tables.user_ids
    assert {session.user_id for session in tables.sessions.values()} <= set(range(1, 6))
    assert register(chat, ann.invites(ann.makes_room()))


def test_a_registration_names_wrong_fields_before_a_dead_invitation_and_that_before_a_taken_name(chat, ann, eve, room):
    created = ann.invites(room, uses=1)
    with chat.nothing_changes():
        assert issues_of(lambda: register(chat, "dead", "e")) == {"username": ["too_short"]}
        with pytest.raises(InvitationNotFound):
            register(chat, "dead", "Eve")
        with pytest.raises(UsernameTaken):
            register(chat, created, "Eve")
        with pytest.raises(InvalidInput):
            chat.services.registration.register_invited(created.token, "frank", "short")
    assert register(chat, created)


def test_a_name_taken_during_the_registration_uses_up_nothing(chat, ann, room):
    created = ann.invites(room, uses=1)
    chat.meanwhile(lambda: chat.person("frank"))
    with pytest.raises(UsernameTaken):
        register(chat, created, "Frank")
    assert [one.used for one in ann.invitations(room)] == [0]
    assert ann.looks_at(room).room.participants_count == 3
