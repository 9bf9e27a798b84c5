"""The rules of reports: which messages can be reported, how often, and what administrators and authors see of them."""

import pytest

from builders import PASSWORD, issues_of
from minichat.domain.errors import (
    MessageDeleted,
    MessageNotFound,
    NotAParticipant,
    SessionEnded,
    TooManyReports,
)
from minichat.domain.model import (
    DAY,
    HOUR,
    AuditEvent,
    HistoryAccess,
    ReportReason,
    ReportState,
    Role,
)
from minichat.domain.paging import Window
from minichat.domain.reports import MAX_COMMENT_LENGTH, MAX_PER_HOUR
from minichat.domain.retention import DECIDED_KEPT, UNDECIDED_KEPT, Kind
from minichat.domain.room_rules import RoomPolicy

ALL = Window(50)


@pytest.fixture
def reports(chat):
    return chat.services.reports


@pytest.fixture
def room(ann, bob, carl):
    """A room that ann owns, with bob and carl."""
    return ann.makes_room(with_=[bob, carl])


@pytest.fixture
def message(room, bob):
    return bob.says("buy this", in_=room).message


@pytest.fixture
def queued(chat):
    """The reports in the queue, in any state, the newest first."""
    return lambda: list(chat.services.report_queue.page(ALL, None).page.items)


@pytest.fixture
def opened(chat, queued):
    """The texts of the only report."""

    def opened():
        [head] = queued()
        return chat.services.report_queue.open(head.id, by=None).report

    return opened


# Making a report


def test_a_report_waits_in_the_queue(chat, reports, queued, opened, ann, bob, message):
    reports.make(ann.id, message.id, ReportReason.SPAM, "again")
    [head] = queued()
    assert (head.message_id, head.room_id, head.author_id, head.reporter_id) == (
        *(message.id, message.room_id),
        *(bob.id, ann.id),
    )
    assert (head.reason, head.created_at, head.state) == (ReportReason.SPAM, chat.clock.now, ReportState.OPEN)
    assert (opened().comment, opened().content) == ("again", "buy this")


def test_a_second_report_of_a_message_changes_nothing(chat, reports, ann, bob, message):
    reports.make(ann.id, message.id, ReportReason.SPAM)
    with chat.nothing_changes():
        reports.make(ann.id, message.id, ReportReason.ABUSE, "worse")
    bob.takes_back(message)
    with chat.nothing_changes():
        reports.make(ann.id, message.id, ReportReason.OTHER)


def test_several_users_can_report_a_message(reports, queued, ann, carl, message):
    for person in (ann, carl):
        reports.make(person.id, message.id, ReportReason.SPAM)
    assert [head.reporter_id for head in queued()] == [carl.id, ann.id]


def test_nobody_reports_their_own_message(chat, reports, bob, message):
    def report():
        reports.make(bob.id, message.id, ReportReason.SPAM)

    for action in (lambda: None, lambda: bob.takes_back(message)):
        action()
        with chat.nothing_changes():
            assert issues_of(report) == {"message_id": ["own_message"]}


def test_a_deleted_message_cannot_be_reported(chat, reports, ann, bob, message):
    bob.takes_back(message)
    with chat.nothing_changes(), pytest.raises(MessageDeleted):
        reports.make(ann.id, message.id, ReportReason.SPAM)


def test_only_a_message_that_one_can_read_can_be_reported(chat, reports, ann, bob, carl):
    hidden, public, direct = bob.makes_room(private=True), bob.makes_room(), bob.chats_with(carl)
    errors = {hidden: MessageNotFound, public: NotAParticipant, direct: MessageNotFound}
    for room, error in errors.items():
        said = bob.says("secret", in_=room).message
        with chat.nothing_changes(), pytest.raises(error):
            reports.make(ann.id, said.id, ReportReason.SPAM)
    with pytest.raises(MessageNotFound):
        reports.make(ann.id, 999, ReportReason.SPAM)


def test_a_user_who_has_left_or_is_banned_cannot_report(reports, ann, carl, room, message):
    carl.leaves(room)
    with pytest.raises(NotAParticipant):
        reports.make(carl.id, message.id, ReportReason.SPAM)
    carl.joins(room)
    ann.bans(carl, from_=room)
    with pytest.raises(NotAParticipant):
        reports.make(carl.id, message.id, ReportReason.SPAM)


def test_a_message_from_before_joining_cannot_be_reported_if_the_room_hides_it(chat, reports, queued, ann, bob, carl):
    hiding = RoomPolicy(history=HistoryAccess.JOINED)
    room = chat.services.rooms.create(ann.id, "Quiet", invited=[bob.id], policy=hiding).view.room
    before = bob.says("before", in_=room).message
    carl.joins(room)
    after = bob.says("after", in_=room).message
    with chat.nothing_changes(), pytest.raises(MessageNotFound):
        reports.make(carl.id, before.id, ReportReason.SPAM)
    reports.make(ann.id, before.id, ReportReason.SPAM)
    reports.make(carl.id, after.id, ReportReason.SPAM)
    assert [head.message_id for head in queued()] == [after.id, before.id]


def test_messages_of_every_role_can_be_reported(reports, queued, ann, bob, carl, room):
    ann.makes(carl, Role.MODERATOR, in_=room)
    for author in (ann, carl):
        reports.make(bob.id, author.says("hello", in_=room).message.id, ReportReason.ABUSE)
    assert [head.author_id for head in queued()] == [carl.id, ann.id]


def test_a_block_does_not_prevent_a_report(reports, queued, ann, bob):
    direct = ann.chats_with(bob)
    messages = [ann.says("one", in_=direct).message, bob.says("two", in_=direct).message]
    ann.blocks(bob)
    reports.make(bob.id, messages[0].id, ReportReason.ABUSE)
    reports.make(ann.id, messages[1].id, ReportReason.ABUSE)
    assert len(queued()) == 2


def test_a_comment_has_at_most_a_thousand_characters(reports, opened, ann, message):
    def report(comment):
        return issues_of(lambda: reports.make(ann.id, message.id, ReportReason.OTHER, comment))

    assert report("x" * (MAX_COMMENT_LENGTH + 1)) == {"comment": ["too_long"]}
    assert report("\x07") == {"comment": ["control_characters"]}
    assert report("é\r\n" * (MAX_COMMENT_LENGTH // 2)) == {}
    assert opened().comment == "é\n" * (MAX_COMMENT_LENGTH // 2)


def test_an_account_erased_during_the_request_makes_no_report(chat, reports, queued, ann, message):
    caller = ann.caller
    chat.meanwhile(lambda: chat.services.erasure.erase(caller, PASSWORD))
    with pytest.raises(SessionEnded):
        reports.make(ann.id, message.id, ReportReason.SPAM)
    assert queued() == []


# The limit


@pytest.fixture
def report_some(reports, ann, bob, room):
    """Report new messages, each with its own report."""

    def report(count, by=ann):
        for _ in range(count):
            reports.make(by.id, bob.says("buy", in_=room).message.id, ReportReason.SPAM)

    return report


def test_a_user_makes_twenty_reports_an_hour(chat, reports, report_some, queued, ann, carl):
    report_some(MAX_PER_HOUR)
    with pytest.raises(TooManyReports) as refused:
        report_some(1)
    assert refused.value.retry_after == HOUR // 1_000
    assert len(queued()) == MAX_PER_HOUR
    report_some(1, by=carl)
    chat.clock.advance(HOUR / 1_000 - 0.001)
    with pytest.raises(TooManyReports) as refused:
        report_some(1)
    assert refused.value.retry_after == 1
    chat.clock.advance(0.001)
    report_some(MAX_PER_HOUR)
    with pytest.raises(TooManyReports):
        report_some(1)


def test_the_limit_holds_for_every_hour(chat, report_some):
    for _ in range(MAX_PER_HOUR):
        report_some(1)
        chat.clock.advance(60)
    with pytest.raises(TooManyReports) as refused:
        report_some(1)
    assert refused.value.retry_after == 60 * (60 - MAX_PER_HOUR)
    chat.clock.advance(refused.value.retry_after)
    report_some(1)
    with pytest.raises(TooManyReports):
        report_some(1)


def test_a_repeated_or_refused_report_does_not_count(reports, report_some, ann, bob, room, message):
    report_some(MAX_PER_HOUR - 1)
    gone = bob.says("gone", in_=room).message
    bob.takes_back(gone)
    for _ in range(3):
        with pytest.raises(MessageDeleted):
            reports.make(ann.id, gone.id, ReportReason.SPAM)
    for _ in range(3):
        reports.make(ann.id, message.id, ReportReason.SPAM)
    with pytest.raises(TooManyReports):
        report_some(1)
    reports.make(ann.id, message.id, ReportReason.SPAM)


def test_a_clock_that_is_set_back_does_not_refuse_for_long(chat, report_some):
    chat.clock.advance(10 * HOUR / 1_000)
    report_some(MAX_PER_HOUR)
    chat.clock.advance(-5 * HOUR / 1_000)
    report_some(1)


# The copy


def test_a_report_keeps_the_content_at_its_time(reports, opened, ann, bob, message):
    bob.rewrites(message, "buy that")
    reports.make(ann.id, message.id, ReportReason.SPAM)
    bob.rewrites(message, "hello")
    assert opened().content == "buy that"
    bob.takes_back(message)
    assert opened().content == "buy that"


def test_a_report_outlives_the_room(chat, reports, opened, ann, room, message):
    reports.make(ann.id, message.id, ReportReason.SPAM)
    ann.deletes(room)
    chat.clock.advance(30 * DAY / 1_000)
    dict(chat.services.retention.apply())
    assert (opened().content, opened().head.room_id) == ("buy this", room.id)


def test_a_report_stays_without_the_name_of_an_erased_reporter(chat, reports, opened, ann, carl, message):
    reports.make(carl.id, message.id, ReportReason.SPAM, "again")
    chat.services.erasure.erase(carl.caller, PASSWORD)
    assert (opened().head.reporter_id, opened().comment, opened().content) == (None, "again", "buy this")


def test_a_report_stays_after_the_erasure_of_the_author(chat, reports, opened, ann, bob, message):
    reports.make(ann.id, message.id, ReportReason.SPAM)
    chat.services.erasure.erase(bob.caller, PASSWORD)
    assert (opened().head.author_id, opened().content) == (bob.id, "buy this")


# What the author learns


def test_the_author_learns_nothing_of_a_report(chat, reports, ann, bob, room, message):
    position = bob.subscribe().position
    views = [bob.looks_at(room), bob.history(room), bob.looks_up(message)]
    reports.make(ann.id, message.id, ReportReason.ABUSE)
    [head] = chat.services.report_queue.page(ALL).page.items
    chat.services.report_queue.open(head.id, by=None)
    chat.services.report_queue.decide(head.id, ReportState.ACTED_ON, seen=ReportState.OPEN, by=None)
    assert [bob.looks_at(room), bob.history(room), bob.looks_up(message)] == views
    assert bob.hears(bob.subscribe(position)) == []
    export = chat.services.export.begin(bob.caller)
    assert [report for page in export.reports for report in page] == []
    assert [entry.event for page in export.audit for entry in page] == [AuditEvent.EXPORTED, AuditEvent.REGISTERED]


def test_the_reporter_finds_the_report_in_the_own_export(chat, reports, ann, message):
    reports.make(ann.id, message.id, ReportReason.ABUSE, "again")
    [[report]] = chat.services.export.begin(ann.caller).reports
    assert (report.head.message_id, report.head.reason, report.comment) == (message.id, ReportReason.ABUSE, "again")


# Retention


def test_a_decided_report_is_deleted_after_90_days_and_an_open_one_after_a_year(
    chat, reports, report_some, queued, carl
):
    report_some(2)
    undecided, decided = queued()
    chat.clock.advance(DAY / 1_000)
    chat.services.report_queue.decide(decided.id, ReportState.DISMISSED, seen=ReportState.OPEN, by=None)
    chat.clock.advance(DECIDED_KEPT / 1_000 - 0.001)
    assert dict(chat.services.retention.apply())[Kind.REPORTS] == 0
    chat.clock.advance(0.001)
    assert dict(chat.services.retention.apply())[Kind.REPORTS] == 1
    assert queued() == [undecided]
    chat.clock.advance((UNDECIDED_KEPT - DECIDED_KEPT - DAY) / 1_000 - 0.001)
    assert dict(chat.services.retention.apply())[Kind.REPORTS] == 0
    chat.clock.advance(0.001)
    assert dict(chat.services.retention.apply())[Kind.REPORTS] == 1
    assert queued() == []
