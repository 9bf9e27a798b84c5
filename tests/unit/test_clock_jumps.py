"""A clock that was hours ahead and is corrected, or is set back: no rule outlasts its period, and no order changes."""

import pytest

from builders import ALL, PASSWORD, MemoryChat
from minichat.domain.errors import (
    InvalidCredentials,
    InvalidTicket,
    InvitationNotFound,
    RefreshTokenReused,
    SessionEnded,
    TooManyAttempts,
    UsernameTaken,
)
from minichat.domain.model import DAY, HOUR, LAST_SEEN_RESOLUTION, PRESENCE_LEASE, SECOND, Device, is_within
from minichat.domain.retention import Kind
from minichat.domain.sessions import Lifetimes
from minichat.domain.throttling import FAILURES_PER_ACCOUNT, FREE_FAILURES, LONGEST_WAIT

AWAY = Device("curl", "198.51.100.9")
HOURS = [2, 5, 23, 49, 24 * 400]
"""How far the clock was ahead."""


@pytest.fixture(params=HOURS)
def ahead(request):
    """The seconds by which the clock was ahead."""
    return request.param * 3_600


@pytest.fixture
def chat():
    return MemoryChat(Lifetimes(session_seconds=500 * 86_400, refresh_seconds=500 * 86_400))


@pytest.fixture
def ann(chat):
    return chat.person("ann")


def logs_in(chat, password=PASSWORD, device=AWAY):
    """Try to log in; return True, False, or the seconds to wait."""
    try:
        chat.services.sessions.log_in("ann", password, device)
    except InvalidCredentials:
        return False
    except TooManyAttempts as error:
        return error.retry_after
    return True


@pytest.mark.parametrize(
    ("at", "is_near"), [(1_000, True), (1_099, True), (1_100, False), (901, True), (900, False), (10**13, False)]
)
def test_a_time_is_within_its_period_on_either_side_of_now(at, is_near):
    assert is_within(100, at, now=1_000) == is_near


# Throttling


def test_the_right_password_works_after_the_clock_is_corrected(chat, ann, ahead):
    chat.clock.advance(ahead)
    for _ in range(FREE_FAILURES):
        assert logs_in(chat, "wrong password") is False
    assert logs_in(chat) == 1
    chat.clock.advance(-ahead)
    assert logs_in(chat) is True


def test_a_wait_and_its_announcement_agree_after_a_small_correction(chat, ann):
    for _ in range(FREE_FAILURES + 11):
        while (wait := logs_in(chat, "wrong password")) is not False:
            chat.clock.advance(wait)
    assert logs_in(chat) == LONGEST_WAIT // SECOND
    chat.clock.advance(-600)
    wait = logs_in(chat)
    assert wait <= 2 * LONGEST_WAIT // SECOND
    chat.clock.advance(wait)
    assert logs_in(chat) is True


def test_an_attack_under_a_wrong_clock_locks_nobody_out_after_the_correction(chat, ann, ahead):
    chat.clock.advance(ahead)
    for number in range(FAILURES_PER_ACCOUNT):
        assert logs_in(chat, "wrong password", Device("curl", f"203.0.113.{number}")) is False
    assert logs_in(chat) == 3_600
    chat.clock.advance(-ahead)
    assert logs_in(chat) is True


def test_an_attacker_gets_one_guess_from_a_correction_and_waits_again(chat, ann, ahead):
    chat.clock.advance(ahead)
    for _ in range(FREE_FAILURES):
        logs_in(chat, "wrong password")
    chat.clock.advance(-ahead)
    guesses = 0
    while logs_in(chat, "wrong password") is False:
        guesses += 1
    assert guesses <= FREE_FAILURES


def test_refreshes_are_counted_again_after_the_clock_is_corrected(chat, ann, ahead, monkeypatch):
    monkeypatch.setattr("minichat.domain.throttling.REFRESHES_PER_SESSION", 2)
    chat.clock.advance(ahead)
    for _ in range(2):
        ann.grant = ann.refreshes()
    with pytest.raises(TooManyAttempts):
        ann.refreshes()
    chat.clock.advance(-ahead)
    for _ in range(2):
        ann.grant = ann.refreshes()
    with pytest.raises(TooManyAttempts):
        ann.refreshes()


# Presence


def test_a_user_seen_by_a_wrong_clock_is_not_online_after_the_correction(chat, ann, ahead):
    bob = chat.person("bob")
    chat.clock.advance(ahead)
    chat.services.sessions.note_activity(ann.caller)
    chat.clock.advance(-ahead)
    chat.services.sessions.note_activity(bob.caller)
    now = chat.clock()
    assert not ann.user.is_online(now)
    assert ann.user.last_seen(now) == now
    assert set(chat.services.presence.online()) == {bob.id}
    page = chat.services.directory.online(None, ALL)
    assert [user.id for user in page.items] == [bob.id]


def test_the_next_request_after_a_correction_renews_the_lease(chat, ann, ahead):
    chat.clock.advance(ahead)
    chat.services.sessions.note_activity(ann.caller)
    chat.clock.advance(-ahead)
    assert chat.services.sessions.is_stale(ann.caller)
    renewed = chat.services.sessions.note_activity(ann.caller)
    assert renewed.user.last_seen_at == renewed.session.last_used_at == chat.clock()
    assert not chat.services.sessions.is_stale(ann.caller)
    assert set(chat.services.presence.online()) == {ann.id}


def test_an_open_stream_renews_a_lease_from_the_future(chat, ann, ahead):
    chat.clock.advance(ahead)
    chat.services.sessions.note_activity(ann.caller)
    chat.clock.advance(-ahead)
    chat.services.presence.keep_online({ann.id})
    assert ann.user.last_seen_at == chat.clock()


def test_a_lease_of_a_host_that_is_slightly_ahead_counts(chat, ann):
    for milliseconds in (LAST_SEEN_RESOLUTION - 1, PRESENCE_LEASE - 1):
        user = ann.user._replace(last_seen_at=chat.clock() + milliseconds)
        assert user.is_online(chat.clock())
        assert user.is_due(chat.clock()) == (milliseconds >= LAST_SEEN_RESOLUTION)


def test_typing_is_published_after_the_clock_is_corrected(chat, ann, ahead):
    room = ann.makes_room()
    chat.clock.advance(ahead)
    chat.services.presence.typing(ann.id, room.id)
    chat.clock.advance(-ahead)
    chat.services.presence.typing(ann.id, room.id)
    chat.services.presence.typing(ann.id, room.id)
    assert len(chat.services.presence.notices_after(0)[0]) == 2


# Sessions, tokens and tickets


def test_a_refresh_token_from_a_fast_clock_works_after_the_correction(chat, ahead):
    chat.clock.advance(ahead)
    ann = chat.person("ann")
    ann.grant = ann.refreshes()
    chat.clock.advance(-ahead)
    ann.grant = ann.refreshes()
    assert ann.caller.session.last_used_at == chat.clock()


def test_a_session_from_a_fast_clock_lives_no_longer_than_others(chat, ahead):
    chat.clock.advance(ahead)
    ann = chat.person("ann")
    chat.clock.advance(-ahead)
    ann.grant = ann.refreshes()
    latest = chat.clock() + chat.services.sessions.lifetimes.session_seconds * SECOND
    assert ann.grant.expires_at <= latest
    assert ann.caller.session.expires_at == latest
    chat.clock.now = latest
    with pytest.raises(SessionEnded):
        assert ann.caller


def test_a_refresh_does_not_prolong_a_session(chat, ann):
    before = ann.caller.session.expires_at
    chat.clock.advance(86_400)
    ann.grant = ann.refreshes()
    assert ann.caller.session.expires_at == before


def test_the_grace_period_ends_although_the_clock_is_set_back(chat, ann, ahead):
    chat.clock.advance(ahead)
    ann.refreshes()
    chat.clock.advance(-ahead)
    with pytest.raises(RefreshTokenReused):
        ann.refreshes()


def test_a_repeated_refresh_survives_a_small_correction(chat, ann):
    successor = ann.refreshes()
    chat.clock.advance(-29)
    assert ann.refreshes() == successor


def test_a_ticket_from_a_fast_clock_is_refused_and_the_next_one_works(chat, ann, ahead):
    expires_at = chat.clock() + 500 * DAY
    chat.clock.advance(ahead)
    ticket = chat.services.tickets.issue(ann.caller, expires_at)
    chat.clock.advance(-ahead)
    with pytest.raises(InvalidTicket):
        chat.services.tickets.redeem(ticket)
    assert chat.services.tickets.redeem(chat.services.tickets.issue(ann.caller, expires_at))


def test_a_ticket_of_a_host_that_is_slightly_ahead_works(chat, ann):
    ticket = chat.services.tickets.issue(ann.caller, chat.clock() + HOUR)
    chat.clock.advance(-20)
    assert chat.services.tickets.redeem(ticket)[0].user.id == ann.id


def test_an_invitation_from_a_clock_that_was_ahead_does_not_outlast_its_lifetime(chat, ann, ahead):
    room, bob = ann.makes_room(), chat.person("bob")
    chat.clock.advance(ahead)
    created = ann.invites(room, expires_in=3_600)
    chat.clock.advance(-ahead)
    with pytest.raises(InvitationNotFound):
        bob.accepts(created)
    assert bob.accepts(ann.invites(room, expires_in=3_600))


def test_sessions_are_listed_in_the_order_of_log_ins(chat, ann, ahead):
    chat.clock.advance(ahead)
    ann.logs_in()
    chat.clock.advance(-ahead)
    ann.logs_in()
    ids = [session.id for session in chat.services.sessions.live(ann.id, ALL).items]
    assert ids == sorted(ids, reverse=True)


# Messages


def test_an_edit_is_never_earlier_than_its_message(chat, ann, ahead):
    room = ann.makes_room()
    chat.clock.advance(ahead)
    message = ann.says("hello", in_=room).message
    chat.clock.advance(-ahead)
    first = ann.rewrites(message, "hello!")
    second = ann.rewrites(message, "hello!!")
    assert message.created_at <= first.edited_at <= second.edited_at
    chat.clock.advance(ahead + 60)
    assert ann.rewrites(message, "hello").edited_at == chat.clock()


def test_messages_are_in_the_order_of_sending(chat, ann, ahead):
    room, other = ann.makes_room(), ann.makes_room()
    said = []
    for seconds in (ahead, -ahead, -ahead, ahead):
        chat.clock.advance(seconds)
        said += [ann.says("hello", in_=where).message.id for where in (room, other)]
    assert [message.id for message in ann.latest().messages] == said


# Retention


@pytest.mark.parametrize("hours", [2, 23])
def test_a_prune_under_a_fast_clock_deletes_nothing_that_is_valid_again_afterwards(hours):
    chat = MemoryChat()
    ann, bob = chat.people("ann", "bob")
    bob.makes_room()
    chat.services.erasure.erase(bob.caller, PASSWORD)
    chat.clock.advance(6 * 86_400 + 12 * 3_600)  # ann's refresh token has twelve hours left
    chat.clock.advance(hours * 3_600)
    assert dict(chat.services.retention.apply())[Kind.TOKENS] == 0
    chat.clock.advance(-hours * 3_600)
    assert ann.refreshes()
    chat.clock.advance(23.5 * 86_400 - 3_600)  # bob's name is reserved for one more hour
    chat.clock.advance(hours * 3_600)
    assert dict(chat.services.retention.apply())[Kind.NAMES] == 0
    chat.clock.advance(-hours * 3_600)
    with pytest.raises(UsernameTaken):
        chat.person("bob")


def test_an_unused_picture_from_a_fast_clock_is_removed_in_the_end(chat, ann, ahead):
    chat.clock.advance(ahead)
    name = chat.ports.media_store.add(b"left by a crash")
    chat.clock.advance(-ahead)
    list(chat.services.retention.apply())
    chat.clock.advance(ahead + 3_601)
    list(chat.services.retention.apply())
    assert chat.ports.media_store.read(name) is None
