"""The port `AuditStore`: an append-only log."""

import pytest

from builders import undone
from contract.texts import TRICKY_TEXTS
from minichat.domain.model import AuditEntry, AuditEvent, AuditFilter, Device
from minichat.domain.paging import Window


@pytest.fixture
def record(ports):
    def add(user_id=7, event=AuditEvent.LOGGED_IN, **given):
        entry = AuditEntry(event, 5_000, user_id, user_id, 3, Device("Firefox", "192.0.2.1"))._replace(**given)
        with ports.transaction():
            ports.audit_store.record(entry)
        return entry

    return add


def shown(entries):
    return [entry._replace(id=None) for entry in entries]


def test_an_entry_is_returned_as_recorded(ports, record):
    entries = [record(detail={"room": 5, "role": "owner"}), record(None, actor_id=None, session_id=None)]
    assert shown(ports.audit_store.page(9)) == entries[::-1]


def test_entries_are_paged_from_the_newest_to_the_oldest(ports, record):
    entries = [record(at=at) for at in range(5)]
    newest = ports.audit_store.page(2)
    assert shown(newest) == [entries[4], entries[3]]
    assert shown(ports.audit_store.page(2, before=newest[-1].id)) == [entries[2], entries[1]]
    assert shown(ports.audit_store.page(9, before=newest[-1].id)) == entries[2::-1]


def test_entries_about_one_user(ports, record):
    entries = [record(user_id) for user_id in (7, 8, 7, None, 7)]
    about = ports.audit_store.page(2, user_id=7)
    assert shown(about) == [entries[4], entries[2]]
    assert shown(ports.audit_store.page(2, user_id=7, before=about[-1].id)) == [entries[0]]
    assert ports.audit_store.page(9, user_id=9) == []


def test_a_rollback_removes_the_entry(ports, record):
    with undone(ports):
        ports.audit_store.record(AuditEntry(AuditEvent.LOGGED_IN, 1, 7, 7, 3, Device()))
    assert ports.audit_store.page(9) == []


@pytest.mark.parametrize("text", TRICKY_TEXTS)
def test_text_is_stored_exactly(ports, record, text):
    entry = record(device=Device(text, text), detail={"text": text})
    assert shown(ports.audit_store.page(1)) == [entry]


def test_the_beginning_of_the_log_is_dropped_a_few_entries_at_a_time(ports, record):
    entries = [record(at=at) for at in (1_000, 1_001, 1_002, 5_000, 1_000)]
    with ports.transaction():
        assert ports.audit_store.sweep(999, 9) == 0
        assert ports.audit_store.sweep(4_999, 2) == 2
        assert ports.audit_store.sweep(4_999, 2) == 1
        assert ports.audit_store.sweep(4_999, 2) == 0
    assert shown(ports.audit_store.page(9)) == [entries[4], entries[3]]


@pytest.fixture
def found(ports):
    """Find entries by a filter; return their times."""

    def find(limit=50, *, after=None, before=None, **given):
        window = Window(limit, after, before)
        return [entry.at for entry in ports.audit_store.find(AuditFilter(**given), window)]

    return find


def test_entries_are_found_by_event_person_and_time(record, found):
    record(7, at=1)
    record(8, AuditEvent.DISABLED, actor_id=7, at=2)
    record(8, at=3)
    record(None, AuditEvent.LOG_IN_FAILED, actor_id=None, at=4)
    record(7, AuditEvent.DISABLED, actor_id=8, at=5)
    record(7, AuditEvent.DISABLED, actor_id=7, at=6)
    assert found() == [6, 5, 4, 3, 2, 1]
    assert found(event=AuditEvent.DISABLED) == [6, 5, 2]
    assert found(person_id=7) == [6, 5, 2, 1]
    assert found(person_id=7, event=AuditEvent.DISABLED) == [6, 5, 2]
    assert found(person_id=9) == []
    assert found(since=2, until=5) == [4, 3, 2]
    assert found(since=2, until=5, person_id=8) == [3, 2]
    assert found(since=2, until=5, event=AuditEvent.DISABLED) == [2]
    assert found(since=5, until=2) == []


def test_found_entries_are_in_the_order_of_their_times_in_both_directions(ports, record, found):
    for at in (5, 1, 3, 3, 2):
        record(at=at)
    entries = ports.audit_store.find(AuditFilter(), Window(9))
    assert [entry.at for entry in entries] == [5, 3, 3, 2, 1]
    keys = [(entry.at, entry.id) for entry in entries]
    assert keys[1][1] > keys[2][1]
    for person_id in (None, 7):
        assert found(2, person_id=person_id) == [5, 3, 3]
        assert found(2, person_id=person_id, after=keys[1]) == [3, 2, 1]
        assert found(2, person_id=person_id, before=keys[4]) == [3, 3, 2]
        assert found(2, person_id=person_id, before=keys[1]) == [5]
    assert found(2, since=2, until=5, after=keys[2]) == [2]
    assert found(2, since=2, until=5, before=keys[3]) == [3, 3]
    assert found(2, until=3, after=keys[0]) == [2, 1]
    assert found(2, since=3, before=keys[4]) == [5, 3, 3]
