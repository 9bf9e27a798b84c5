"""The behaviour that follows from an entity's own fields."""

import pytest

from minichat.domain.model import AuditEvent, ChangeKind, Membership, Role, Room, RoomKind, Session, User

SOMEBODY = User(1, "ann", "ann", "", "", "", "", True, False, joined_at=0, last_seen_at=None)
SOME_ROOM = Room(
    1, "Room", "", RoomKind.GROUP, False, 0, 0, activity=1, last_seq=0, deleted_seq=0, participants_count=0
)
SOME_SESSION = Session(1, 1, created_at=0, last_used_at=0, expires_at=1_000, user_agent="", ip="")


@pytest.mark.parametrize(
    ("first", "last", "full"), [("Ann", "Lee", "Ann Lee"), ("Ann", "", "Ann"), ("", "Lee", "Lee"), ("", "", "")]
)
def test_the_full_name_joins_the_given_names(first, last, full):
    assert SOMEBODY._replace(first_name=first, last_name=last).full_name == full


def test_a_user_who_was_never_seen_is_offline():
    assert not SOMEBODY.is_online(now=0)


def test_the_presence_lease_runs_for_sixty_seconds():
    ann = SOMEBODY._replace(last_seen_at=1_000)
    assert ann.is_online(now=1_000)
    assert ann.is_online(now=60_999)
    assert not ann.is_online(now=61_000)


def test_a_session_is_live_until_it_ends_or_expires():
    assert SOME_SESSION.is_live(now=999)
    assert not SOME_SESSION.is_live(now=1_000)
    assert not SOME_SESSION._replace(ended_at=500).is_live(now=999)


def test_a_room_is_public_if_it_is_neither_private_nor_direct():
    assert SOME_ROOM.is_public
    assert not SOME_ROOM._replace(is_private=True).is_public
    assert not SOME_ROOM._replace(kind=RoomKind.DIRECT).is_public


def test_messages_before_joining_and_seen_messages_are_read():
    membership = Membership(1, 1, 1, Role.MEMBER, joined_seq=5, seen_seq=0)
    assert membership.last_read_seq == 5
    assert membership._replace(seen_seq=3).last_read_seq == 5
    assert membership._replace(seen_seq=8).last_read_seq == 8


def test_kinds_of_a_later_version_are_unknown():
    assert (AuditEvent("message.shown"), ChangeKind("message.shown")) == (AuditEvent.UNKNOWN, ChangeKind.UNKNOWN)
