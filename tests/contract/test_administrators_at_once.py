"""Administrators at the same time: one decides on a report, and a disabled one reads nothing afterwards."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from builders import Chat, Person
from minichat.domain.errors import NotAnAdministrator, ReportDecided
from minichat.domain.history import MessageWindow
from minichat.domain.model import AuditEvent, AuditFilter, ReportReason, ReportState
from minichat.domain.paging import Window

pytestmark = pytest.mark.threads
ALL = Window(200)
DECISIONS = {AuditEvent.REPORT_DISMISSED, AuditEvent.REPORT_ACTED_ON, AuditEvent.MESSAGE_DELETED}


@pytest.fixture
def administrators(chat: Chat) -> list[Person]:
    return [chat.superuser(name) for name in ("root", "eve", "max")]


def test_one_of_several_administrators_decides_on_a_report_and_the_others_learn_it(
    chat: Chat, administrators: list[Person]
) -> None:
    ann, bob = chat.people("ann", "bob")
    room, queue = ann.makes_room(with_=[bob]), chat.services.report_queue
    message = bob.says("buy this", in_=room).message
    chat.services.reports.make(ann.id, message.id, ReportReason.SPAM)
    [head] = queue.page(ALL).page.items
    seen = ReportState.OPEN
    ways: list[Callable[[int], None]] = [
        lambda by: queue.decide(head.id, ReportState.DISMISSED, seen=seen, by=by),
        lambda by: queue.decide(head.id, ReportState.ACTED_ON, seen=seen, by=by),
        lambda by: queue.delete_message(head.id, seen=seen, by=by),
    ]

    def winner(person: Person, way: Callable[[int], None]) -> int:
        try:
            way(person.id)
        except ReportDecided as error:
            return error.head.decided_by or 0
        return person.id

    with ThreadPoolExecutor(len(ways)) as pool:
        [decided_by] = set(pool.map(winner, administrators, ways))
    acts = [entry for entry in chat.services.audit_reading.page(ALL).page.items if entry.event in DECISIONS]
    assert {entry.actor_id for entry in acts} == {decided_by}
    deleted = [entry for entry in acts if entry.event == AuditEvent.MESSAGE_DELETED]
    assert ann.looks_up(message).message.is_deleted == bool(deleted)
    assert len(acts) == 1 + len(deleted)


def test_an_administrator_disabled_while_reading_gets_no_further_page(chat: Chat, administrators: list[Person]) -> None:
    [ann], root = chat.people("ann"), administrators[0]
    room, openings = ann.makes_room(), chat.services.room_openings
    ann.says("hello", in_=room)
    session_id = root.grant.session.id
    openings.open(root.id, session_id, room.id, "Look for spam")

    def reads() -> int:
        pages = 0
        while pages < 1_000:
            try:
                openings.messages(root.id, session_id, room.id, MessageWindow(limit=9))
            except NotAnAdministrator:
                return pages
            pages += 1
        raise AssertionError("the reading went on")

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(reads)
        chat.services.administration.disable("root")
        pages = reading.result(60)
    viewed = chat.services.audit_reading.page(ALL, AuditFilter(AuditEvent.MESSAGES_VIEWED)).page.items
    assert len(viewed) == min(pages, ALL.limit)
    disabled = chat.services.audit_reading.page(ALL, AuditFilter(AuditEvent.DISABLED)).page.items[0]
    assert all((entry.id or 0) < (disabled.id or 0) for entry in viewed)
