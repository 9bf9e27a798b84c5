"""The queue of reports: the lists, the opened report, the decisions, and two administrators at once."""

import pytest

from builders import PASSWORD
from minichat.domain.errors import MessageNotFound, NotAnAdministrator, ReportDecided, ReportNotFound
from minichat.domain.model import AuditEvent, ReportReason, ReportState
from minichat.domain.paging import Window

ALL = Window(50)
OPEN, DISMISSED, ACTED_ON = ReportState


@pytest.fixture
def queue(chat):
    return chat.services.report_queue


@pytest.fixture
def room(ann, bob, carl):
    return ann.makes_room(with_=[bob, carl])


@pytest.fixture
def message(room, bob):
    return bob.says("buy this", in_=room).message


@pytest.fixture
def root(chat):
    return chat.superuser("root")


@pytest.fixture
def report(chat, queue, message, carl):
    """The id of carl's report of bob's message."""
    chat.services.reports.make(carl.id, message.id, ReportReason.SPAM, "again")
    [head] = queue.page(ALL).page.items
    return head.id


@pytest.fixture
def acts(chat):
    """The newest entries of the audit log, in short and in their order."""

    def look(count):
        entries = chat.services.audit_log.page(count)[::-1]
        return [(entry.event, entry.user_id, entry.actor_id, entry.detail) for entry in entries]

    return look


def test_the_oldest_open_report_comes_first_and_the_newest_decided_one(chat, queue, ann, bob, room):
    for text in "abcd":
        chat.services.reports.make(ann.id, bob.says(text, in_=room).message.id, ReportReason.SPAM)
    ids = [head.id for head in queue.page(ALL).page.items]
    assert ids == sorted(ids)
    for report_id in ids[:2]:
        queue.decide(report_id, DISMISSED, seen=OPEN, by=None)
    assert [head.id for head in queue.page(ALL).page.items] == ids[2:]
    assert [head.id for head in queue.page(ALL, DISMISSED).page.items] == ids[1::-1]
    assert [head.id for head in queue.page(ALL, None).page.items] == ids[::-1]


def test_the_queue_has_pages_and_people(chat, queue, ann, bob, room):
    for text in "abc":
        chat.services.reports.make(ann.id, bob.says(text, in_=room).message.id, ReportReason.SPAM)
    first = queue.page(Window(2))
    assert [len(first.page.items), set(first.people)] == [2, {ann.id, bob.id}]
    assert len(queue.page(Window(2, after=first.page.next)).page.items) == 1


def test_an_opened_report_shows_the_copy_and_the_present_state(
    chat, queue, report, ann, bob, carl, root, room, message
):
    chat.services.reports.make(ann.id, message.id, ReportReason.ABUSE)
    bob.rewrites(message, "hello")
    opened = queue.open(report, by=root.id)
    assert (opened.report.content, opened.report.comment, opened.message.content) == ("buy this", "again", "hello")
    assert (opened.room.id, [head.reporter_id for head in opened.others]) == (room.id, [ann.id])
    assert set(opened.people) == {ann.id, bob.id, carl.id}
    ann.deletes(room)
    opened = queue.open(report, by=root.id)
    assert (opened.report.content, opened.room, opened.message) == ("buy this", None, None)


def test_opening_a_report_is_audited_and_about_no_account(queue, acts, report, root):
    queue.open(report, by=root.id)
    assert acts(1) == [(AuditEvent.REPORT_OPENED, None, root.id, {"report": report})]


def test_a_decision_is_audited_once(queue, acts, report, root):
    for state, seen in ((DISMISSED, OPEN), (DISMISSED, OPEN), (ACTED_ON, DISMISSED), (OPEN, ACTED_ON)):
        queue.decide(report, state, seen=seen, by=root.id)
        assert [head.id for head in queue.page(ALL, state).page.items] == [report]
    assert [event for event, *_ in acts(3)] == [
        AuditEvent.REPORT_DISMISSED,
        AuditEvent.REPORT_ACTED_ON,
        AuditEvent.REPORT_REOPENED,
    ]
    [head] = queue.page(ALL).page.items
    assert (head.decided_by, head.decided_at) == (None, None)


def test_the_second_administrator_sees_the_name_of_the_first(chat, queue, report, message, root):
    eve = chat.superuser("eve")
    queue.decide(report, DISMISSED, seen=OPEN, by=root.id)
    for decision in (
        lambda: queue.decide(report, ACTED_ON, seen=OPEN, by=eve.id),
        lambda: queue.decide(report, DISMISSED, seen=OPEN, by=eve.id),
        lambda: queue.delete_message(report, seen=OPEN, by=eve.id),
    ):
        with chat.nothing_changes(), pytest.raises(ReportDecided) as refused:
            decision()
        assert (refused.value.head.state, refused.value.head.decided_by) == (DISMISSED, root.id)
    assert chat.ports.message_store.get(message.id).content == "buy this"


def test_a_reported_message_is_deleted_and_the_report_acted_on(chat, queue, acts, report, bob, root, room, message):
    queue.delete_message(report, seen=OPEN, by=root.id)
    assert bob.looks_up(message).message.is_deleted
    assert chat.happened()[-1] == ("message.deleted", bob.id)
    assert acts(2) == [
        (AuditEvent.REPORT_ACTED_ON, None, root.id, {"report": report}),
        (AuditEvent.MESSAGE_DELETED, bob.id, root.id, {"room": room.id, "message": message.id}),
    ]
    with chat.nothing_changes():
        queue.delete_message(report, seen=OPEN, by=root.id)
    [head] = queue.page(ALL, ACTED_ON).page.items
    assert (head.decided_by, queue.open(report, by=root.id).report.content) == (root.id, "buy this")


def test_a_message_that_its_author_has_deleted_needs_no_second_deletion(queue, acts, report, bob, root, message):
    bob.takes_back(message)
    queue.delete_message(report, seen=OPEN, by=root.id)
    assert acts(1) == [(AuditEvent.REPORT_ACTED_ON, None, root.id, {"report": report})]


def test_a_message_in_a_direct_chat_can_be_deleted_by_its_report(chat, queue, ann, bob, root):
    said = bob.says("buy this", in_=bob.chats_with(ann)).message
    chat.services.reports.make(ann.id, said.id, ReportReason.ABUSE)
    [head] = queue.page(ALL).page.items
    queue.delete_message(head.id, seen=OPEN, by=root.id)
    assert ann.looks_up(said).message.is_deleted


def test_a_message_of_a_removed_room_cannot_be_deleted_and_the_report_stays_open(
    chat, queue, report, ann, root, room, message
):
    ann.deletes(room)
    with chat.nothing_changes(), pytest.raises(MessageNotFound):
        queue.delete_message(report, seen=OPEN, by=root.id)


def test_a_message_of_an_erased_author_can_be_deleted(chat, queue, report, bob, root, message):
    chat.services.erasure.erase(bob.caller, PASSWORD)
    queue.delete_message(report, seen=OPEN, by=root.id)
    assert chat.ports.message_store.get(message.id).is_deleted


def test_a_superuser_disabled_meanwhile_decides_nothing_and_reads_nothing(chat, queue, report, root):
    acts = (
        lambda: queue.open(report, by=root.id),
        lambda: queue.decide(report, DISMISSED, seen=OPEN, by=root.id),
        lambda: queue.delete_message(report, seen=OPEN, by=root.id),
    )
    with chat.ports.transaction(account=root.id, superusers=True):
        chat.ports.user_store.set_active(root.id, False)
    for act in acts:
        with chat.nothing_is_written(), pytest.raises(NotAnAdministrator):
            act()


def test_an_ordinary_user_decides_nothing(chat, queue, report, ann):
    with chat.nothing_is_written(), pytest.raises(NotAnAdministrator):
        queue.decide(report, DISMISSED, seen=OPEN, by=ann.id)


def test_an_unknown_report_cannot_be_opened_or_decided(chat, queue, root):
    for act in (
        lambda: queue.open(1, by=root.id),
        lambda: queue.decide(1, DISMISSED, seen=OPEN, by=root.id),
        lambda: queue.delete_message(1, seen=OPEN, by=root.id),
    ):
        with chat.nothing_is_written(), pytest.raises(ReportNotFound):
            act()
