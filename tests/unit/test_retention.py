"""Retention: what a run deletes, and what it keeps."""

import pytest

from builders import MemoryChat
from minichat.domain.model import AuditEvent, Device
from minichat.domain.retention import BATCH, Kind, LogRetention
from minichat.domain.sessions import Lifetimes

HOUR, DAY = 3_600, 86_400
HOME = Device("Firefox", "192.0.2.7")


@pytest.fixture
def chat():
    return MemoryChat(Lifetimes(refresh_seconds=7 * DAY, session_seconds=30 * DAY))


@pytest.fixture
def ann(chat):
    return chat.person("ann")


@pytest.fixture
def prune(chat):
    """Run retention; return the counts by kind, without zeros."""

    def run(**given):
        return {kind: count for kind, count in chat.services.retention.apply(LogRetention(**given)) if count}

    return run


def tokens(chat):
    return len(chat.memory.store.tables.tokens)


def sessions(chat):
    return set(chat.memory.store.tables.sessions)


def test_nothing_is_due_in_a_new_chat(chat, ann, prune):
    with chat.nothing_changes():
        assert prune() == {}


def test_retention_reports_every_kind(chat):
    assert [kind for kind, _ in chat.services.retention.apply()] == list(Kind)


def test_an_expired_refresh_token_is_deleted(chat, ann, prune):
    chat.clock.advance(6 * DAY)
    ann.grant = ann.refreshes()
    chat.clock.advance(2 * DAY - 1)
    assert Kind.TOKENS not in prune()
    chat.clock.advance(1)
    assert prune()[Kind.TOKENS] == 1
    assert tokens(chat) == 1
    assert ann.refreshes()


def test_an_expired_invitation_is_deleted_a_day_later(chat, ann, prune):
    room = ann.makes_room()
    ann.invites(room, expires_in=HOUR)
    kept = ann.invites(room, expires_in=2 * DAY, uses=1)
    chat.person("bob").accepts(kept)
    chat.clock.advance(HOUR + DAY - 1)
    assert Kind.INVITATIONS not in prune()
    chat.clock.advance(1)
    assert prune()[Kind.INVITATIONS] == 1
    assert [one.id for one in ann.invitations(room)] == [kept.invitation.id]


def test_an_ended_session_is_kept_for_90_days(chat, ann, prune):
    phone = ann.logs_in(device=HOME)
    chat.services.sessions.log_out(ann.id, phone.grant.session.id)
    chat.clock.advance(90 * DAY - 1)
    prune()
    assert chat.ports.session_store.is_known(ann.id, HOME.network)
    chat.clock.advance(1)
    assert prune()[Kind.SESSIONS] == 1
    assert not chat.ports.session_store.is_known(ann.id, HOME.network)


def test_a_session_that_expired_is_kept_for_90_days(chat, ann, prune):
    chat.clock.advance((30 + 90) * DAY - 1)
    prune()
    assert sessions(chat) == {ann.grant.session.id}
    chat.clock.advance(1)
    prune()
    assert sessions(chat) == set()


def test_a_live_session_is_never_pruned(prune):
    chat = MemoryChat(Lifetimes(refresh_seconds=300 * DAY, session_seconds=300 * DAY))
    ann = chat.person("ann")
    chat.clock.advance(299 * DAY)
    list(chat.services.retention.apply())
    assert ann.refreshes()


def test_an_old_ended_session_is_deleted_with_its_unexpired_tokens():
    chat = MemoryChat(Lifetimes(refresh_seconds=300 * DAY, session_seconds=300 * DAY))
    ann = chat.person("ann")
    ann.grant = ann.refreshes()
    chat.services.sessions.log_out(ann.id, ann.grant.session.id)
    chat.clock.advance(90 * DAY)
    assert dict(chat.services.retention.apply())[Kind.SESSIONS] == 1 + 2
    assert (tokens(chat), sessions(chat)) == (0, set())


def test_the_oldest_changes_are_deleted(chat, ann, prune):
    room = ann.makes_room()
    chat.clock.advance(DAY)
    ann.says("hello", in_=room)
    before = chat.happened()
    chat.clock.advance(DAY)
    assert prune(changes_seconds=2 * DAY)[Kind.CHANGES] == 2
    assert chat.happened() == before[2:]
    assert Kind.CHANGES not in prune(changes_seconds=2 * DAY)


def test_an_old_change_after_a_younger_one_is_kept_to_avoid_a_gap(chat, ann, prune):
    room = ann.makes_room()
    chat.clock.advance(DAY)
    ann.says("hello", in_=room)
    chat.clock.advance(-DAY)  # the clock is set back
    ann.says("again", in_=room)
    chat.clock.advance(DAY + 1)
    prune(changes_seconds=DAY)
    assert [change.kind.value for change in chat.memory.changes.log] == ["message.created"] * 2


def test_old_audit_entries_are_deleted(chat, ann, prune):
    chat.clock.advance(365 * DAY - 1)
    assert Kind.AUDIT not in prune()
    chat.services.administration.disable("ann")
    chat.clock.advance(1)
    assert prune()[Kind.AUDIT] == 1
    assert [entry.event for entry in chat.services.audit_log.page(9)] == [AuditEvent.DISABLED]


def test_attempt_counts_are_deleted_after_their_window(chat, prune):
    chat.person("ann")
    assert Kind.ATTEMPTS not in prune()
    chat.clock.advance(HOUR)
    assert prune()[Kind.ATTEMPTS] == 1


def test_an_unused_picture_is_removed_after_an_hour(chat, ann, prune):
    png = b"\x89PNG\r\n\x1a\n"
    shown = chat.services.avatars.upload(ann.id, png + b"shown").avatar_url
    left_by_a_crash = chat.ports.media_store.add(b"left by a crash")
    chat.clock.advance(HOUR - 1)
    assert Kind.PICTURES not in prune()
    chat.clock.advance(1)
    assert prune()[Kind.PICTURES] == 1
    assert chat.ports.media_store.read(left_by_a_crash) is None
    assert ann.user.avatar_url == shown
    assert [f"/avatars/{name}.webp" for name, _ in chat.ports.media_store.names()] == [shown]


def test_other_writers_run_between_two_transactions_of_retention(chat, ann):
    room = ann.makes_room()
    for number in range(2 * BATCH):
        ann.says(str(number), in_=room)
    chat.clock.advance(DAY)
    written = []

    def pause():
        written.append(ann.says("meanwhile", in_=room).message.content)

    removed = dict(chat.services.retention.apply(LogRetention(changes_seconds=DAY), pause=pause))
    assert removed[Kind.CHANGES] == 2 * BATCH + 2
    assert len(written) >= 3
    assert [change.kind.value for change in chat.memory.changes.log] == ["message.created"] * len(written)


def test_the_next_run_continues_an_interrupted_one(chat, ann, prune):
    room = ann.makes_room()
    for number in range(2 * BATCH):
        ann.says(str(number), in_=room)
    chat.clock.advance(DAY)

    def pause():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(chat.services.retention.apply(LogRetention(changes_seconds=DAY), pause=pause))
    assert len(chat.memory.changes.log) == BATCH + 2
    assert prune(changes_seconds=DAY)[Kind.CHANGES] == BATCH + 2
