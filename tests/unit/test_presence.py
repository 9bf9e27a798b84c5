"""Presence and typing."""

import pytest

from minichat.domain.errors import NotAParticipant, RoomNotFound
from minichat.domain.model import TypingNotice


@pytest.fixture
def presence(chat):
    return chat.services.presence


def test_a_user_seen_within_the_last_minute_is_online(chat, presence, ann, bob, carl):
    assert set(presence.online()) == {ann.id, bob.id, carl.id}
    chat.clock.advance(seconds=59.999)
    assert set(presence.online()) == {ann.id, bob.id, carl.id}
    chat.clock.advance(seconds=0.001)
    assert set(presence.online()) == set()


def test_an_open_stream_keeps_one_online(chat, presence, ann, bob):
    for _ in range(10):
        chat.clock.advance(seconds=31)
        presence.keep_online({ann.id})
    assert set(presence.online()) == {ann.id}


def test_a_lease_is_renewed_at_most_once_in_30_seconds(chat, presence, ann):
    chat.clock.advance(seconds=29.999)
    with chat.nothing_is_written():
        presence.keep_online({ann.id})
    chat.clock.advance(seconds=0.001)
    presence.keep_online({ann.id})
    assert ann.user.last_seen_at == chat.clock()


def test_an_open_stream_does_not_keep_a_disabled_account_online(chat, presence, ann):
    chat.services.administration.disable("ann")
    chat.clock.advance(seconds=40)
    presence.keep_online({ann.id})
    assert ann.user.last_seen_at < chat.clock()


def test_typing_is_published_once_in_three_seconds_per_room(chat, presence, ann, bob):
    room, other = ann.makes_room(with_=[bob]), ann.makes_room(with_=[bob])
    published = []
    for person, where in ((ann, room), (ann, room), (bob, room), (ann, other), (ann, room)):
        chat.clock.advance(seconds=1)
        presence.typing(person.id, where.id)
        published.append(len(presence.notices_after(0)[0]))
    assert published == [1, 1, 2, 3, 4]
    assert presence.notices_after(3)[0] == [TypingNotice(room.id, ann.id, chat.clock())]


def test_only_participants_can_publish_typing(chat, presence, ann, bob):
    public, hidden = ann.makes_room(), ann.makes_room(private=True)
    with chat.nothing_is_written():
        with pytest.raises(NotAParticipant):
            presence.typing(bob.id, public.id)
        with pytest.raises(RoomNotFound):
            presence.typing(bob.id, hidden.id)
    assert presence.notices_end() == 0


def test_typing_is_not_stored(chat, presence, ann):
    room = ann.makes_room()
    with chat.nothing_is_written():
        presence.typing(ann.id, room.id)
