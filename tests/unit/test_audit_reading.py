"""Reading the audit log: filters, pages, and the export."""

import pytest

from builders import PASSWORD
from minichat.domain import audit_reading
from minichat.domain.errors import NotAnAdministrator, UserNotFound
from minichat.domain.model import AuditEvent, AuditFilter
from minichat.domain.paging import Window

ALL = Window(50)


@pytest.fixture
def reading(chat):
    return chat.services.audit_reading


@pytest.fixture
def root(chat):
    return chat.superuser("root")


def events(page):
    return [entry.event for entry in page.items]


def test_entries_of_an_event_a_person_and_a_time(chat, reading, root, ann):
    chat.clock.advance(60)
    since = chat.clock.now
    chat.services.administration.disable("ann", by=root.id)
    chat.clock.advance(60)
    chat.services.administration.enable("ann", by=root.id)
    found = reading.page(ALL)
    assert events(found.page)[:2] == [AuditEvent.ENABLED, AuditEvent.DISABLED]
    assert set(found.people) > {root.id, ann.id}
    assert events(reading.page(ALL, AuditFilter(event=AuditEvent.DISABLED)).page) == [AuditEvent.DISABLED]
    by_root = reading.page(ALL, AuditFilter(person_id=reading.person_id(" ROOT "))).page
    assert events(by_root)[:2] == [AuditEvent.ENABLED, AuditEvent.DISABLED]
    assert {one for entry in by_root.items for one in (entry.user_id, entry.actor_id)} == {None, root.id, ann.id}
    assert events(reading.page(ALL, AuditFilter(since=since, until=since + 1)).page) == [AuditEvent.DISABLED]


def test_an_unknown_person_cannot_be_filtered_by(reading):
    for name in ("nobody", "", "\x00", "a b"):
        with pytest.raises(UserNotFound):
            reading.person_id(name)


def test_an_erased_person_is_found_by_the_remaining_name(chat, reading, ann):
    chat.services.erasure.erase(ann.caller, PASSWORD)
    person_id = reading.person_id(f"deleted-user-{ann.id}")
    assert events(reading.page(ALL, AuditFilter(AuditEvent.DELETED, person_id)).page) == [AuditEvent.DELETED]


def test_pages_continue_in_both_directions(chat, reading):
    chat.people("ann", "bob", "carl")
    first = reading.page(Window(2)).page
    second = reading.page(Window(2, after=first.next)).page
    assert (len(first.items), len(second.items), first.prev) == (2, 1, None)
    assert reading.page(Window(2, before=second.prev)).page.items == first.items


def test_an_export_is_audited_and_has_all_entries_but_its_own(chat, reading, root, monkeypatch):
    monkeypatch.setattr(audit_reading, "EXPORT_BATCH", 2)
    chat.people("ann", "bob", "carl")
    before = reading.page(ALL).page.items
    found = AuditFilter(since=0)
    batches = reading.export(root.id, root.grant.session.id, found)
    first = next(batches)
    chat.person("dora")
    assert [entry for batch in (first, *batches) for entry in batch.page.items] == list(before)
    entry = reading.page(ALL, AuditFilter(event=AuditEvent.AUDIT_EXPORTED)).page.items[0]
    assert (entry.actor_id, entry.session_id, entry.detail) == (root.id, root.grant.session.id, {"since": 0})


def test_an_export_ends_with_the_session_of_the_administrator(chat, reading, root, monkeypatch):
    monkeypatch.setattr(audit_reading, "EXPORT_BATCH", 2)
    chat.people("ann", "bob", "carl")
    batches = reading.export(root.id, root.grant.session.id, AuditFilter())
    next(batches)
    chat.services.sessions.log_out(root.id, root.grant.session.id)
    with pytest.raises(NotAnAdministrator):
        next(batches)


def test_an_ordinary_user_exports_nothing(chat, reading, ann):
    with chat.nothing_is_written(), pytest.raises(NotAnAdministrator):
        reading.export(ann.id, ann.grant.session.id, AuditFilter())
