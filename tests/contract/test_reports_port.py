"""The port `ReportStore`: reports of messages."""

import pytest

from builders import undone
from minichat.domain.model import NewReport, Report, ReportHead, ReportReason, ReportState
from minichat.domain.paging import Window

ALL = Window(50)


@pytest.fixture
def make(ports, ann, bob):
    """Report a message of bob by port: `make(7, by=carl)`. Ann is the default reporter. Return the report's id."""

    def add(message_id, by=ann, at=1_000, content="buy", reason=ReportReason.SPAM, comment="again"):
        new = NewReport(message_id, 3, bob.id, by.id, reason, comment, content, at)
        with ports.transaction():
            assert ports.report_store.add(new)
        return ports.report_store.page(Window(1))[0].id

    return add


@pytest.fixture
def decide(ports, carl):
    def decide(report_id, state, at=5_000, by=carl, before=ReportState.OPEN):
        with ports.transaction():
            return ports.report_store.decide(report_id, before, state, by and by.id, at)

    return decide


def test_a_report_is_open_at_first(ports, make, ann, bob):
    report_id = make(7, at=2_000, content="buy\nnow", reason=ReportReason.OTHER, comment="")
    head = ReportHead(
        report_id, 7, 3, bob.id, ann.id, ReportReason.OTHER, 2_000, ReportState.OPEN, decided_by=None, decided_at=None
    )
    assert ports.report_store.get(report_id) == Report(head, "", "buy\nnow")
    assert list(ports.report_store.page(ALL)) == [head]
    assert ports.report_store.get(report_id + 1) is None


def test_a_user_reports_a_message_once(ports, make, ann, bob, carl):
    report_id = make(7)
    before = ports.report_store.get(report_id)
    with ports.transaction():
        again = NewReport(7, 3, bob.id, ann.id, ReportReason.ABUSE, "", "other", 9_000)
        assert ports.report_store.add(again) is False
    assert ports.report_store.get(report_id) == before
    make(7, by=carl)
    make(8)
    has = ports.report_store.has
    assert [has(7, ann.id), has(7, carl.id), has(8, ann.id), has(8, carl.id), has(7, bob.id)] == [
        *(True, True, True),
        *(False, False),
    ]


def test_a_report_is_rolled_back_with_its_transaction(ports, ann, bob):
    with undone(ports):
        ports.report_store.add(NewReport(7, 3, bob.id, ann.id, ReportReason.SPAM, "", "", 1))
    assert list(ports.report_store.page(ALL)) == []


def test_the_times_of_a_users_newest_reports(ports, make, ann, bob, carl):
    for number in range(4):
        make(number + 1, at=1_000 - number)
    make(9, by=carl)
    assert list(ports.report_store.times_of(ann.id, 3)) == [997, 998, 999]
    assert list(ports.report_store.times_of(bob.id, 3)) == []


def test_pages_begin_with_the_newest_report(ports, make, decide):
    ids = [make(number) for number in range(1, 6)]
    decide(ids[1], ReportState.DISMISSED)
    decide(ids[3], ReportState.ACTED_ON)

    def listed(window=ALL, state=None):
        return [ids.index(head.id) for head in ports.report_store.page(window, state)]

    assert listed() == [4, 3, 2, 1, 0]
    assert listed(Window(2, after=(1_000, ids[3]))) == [2, 1, 0]
    assert listed(Window(1, before=(1_000, ids[1]))) == [3, 2]
    assert listed(state=ReportState.OPEN) == [4, 2, 0]
    assert listed(Window(1, after=(1_000, ids[4])), ReportState.OPEN) == [2, 0]
    assert listed(state=ReportState.DISMISSED) == [1]
    assert listed(state=ReportState.ACTED_ON) == [3]

    def oldest(window=ALL, state=None):
        return [ids.index(head.id) for head in ports.report_store.page(window, state, oldest_first=True)]

    assert oldest() == [0, 1, 2, 3, 4]
    assert oldest(Window(1, after=(1_000, ids[0])), ReportState.OPEN) == [2, 4]
    assert oldest(Window(1, before=(1_000, ids[4])), ReportState.OPEN) == [0, 2]


def test_reports_of_one_author_and_of_one_message(ports, make, ann, bob, carl):
    ids = [make(7), make(7, by=carl), make(8)]
    assert [head.id for head in ports.report_store.page_about(bob.id, Window(2))] == ids[::-1]
    assert [head.id for head in ports.report_store.page_about(bob.id, Window(1, after=(1_000, ids[1])))] == [ids[0]]
    assert list(ports.report_store.page_about(ann.id, ALL)) == []
    assert [head.id for head in ports.report_store.page_by(ann.id, Window(1))] == [ids[2], ids[0]]
    assert [head.id for head in ports.report_store.page_by(ann.id, Window(1, after=(1_000, ids[2])))] == [ids[0]]
    assert [head.id for head in ports.report_store.page_by(carl.id, ALL)] == [ids[1]]
    assert [head.id for head in ports.report_store.of_message(7, 9)] == [ids[1], ids[0]]
    assert [head.id for head in ports.report_store.of_message(7, 1)] == [ids[1]]
    assert list(ports.report_store.of_message(9, 9)) == []


def test_a_decision_names_the_administrator_and_the_time(ports, make, decide, bob, carl):
    report_id = make(7)
    assert decide(report_id, ReportState.DISMISSED, at=6_000) is True
    head = ports.report_store.get(report_id).head
    assert (head.state, head.decided_by, head.decided_at) == (ReportState.DISMISSED, carl.id, 6_000)
    assert decide(report_id, ReportState.DISMISSED, at=7_000, by=bob) is False
    assert decide(report_id, ReportState.ACTED_ON, at=7_000, by=bob) is False
    assert ports.report_store.get(report_id).head == head
    assert decide(report_id, ReportState.ACTED_ON, at=8_000, by=bob, before=ReportState.DISMISSED) is True
    head = ports.report_store.get(report_id).head
    assert (head.state, head.decided_by, head.decided_at) == (ReportState.ACTED_ON, bob.id, 8_000)
    assert decide(report_id, ReportState.OPEN, before=ReportState.ACTED_ON) is True
    head = ports.report_store.get(report_id).head
    assert (head.state, head.decided_by, head.decided_at) == (ReportState.OPEN, None, None)
    assert decide(report_id + 1, ReportState.DISMISSED) is False
    assert decide(report_id, ReportState.DISMISSED, by=None) is True
    assert ports.report_store.get(report_id).head.decided_by is None


def test_all_reports_by_a_user_in_the_order_of_making(ports, make, ann, carl):
    ids = [make(9), make(7), make(8)]
    make(9, by=carl)
    found = ports.report_store.all_by(ann.id, 0, 9)
    assert [report.head.id for report in found] == ids
    assert found == [ports.report_store.get(report_id) for report_id in ids]
    assert list(ports.report_store.all_by(ann.id, ids[0], 1)) == found[1:2]


def test_an_erased_user_leaves_reports_without_a_name(ports, make, decide, ann, bob, carl):
    made, by_other, decided = make(7), make(7, by=carl), make(8, by=carl)
    decide(decided, ReportState.DISMISSED, by=ann)
    with ports.transaction():
        ports.report_store.erase(ann.id)
        ports.report_store.erase(bob.id)
    names = {
        report_id: (head.author_id, head.reporter_id, head.decided_by)
        for report_id in (made, by_other, decided)
        if (head := ports.report_store.get(report_id).head)
    }
    assert names == {made: (bob.id, None, None), by_other: (bob.id, carl.id, None), decided: (bob.id, carl.id, None)}
    assert ports.report_store.get(decided).head.decided_at == 5_000


def test_old_reports_are_deleted_a_few_at_a_time(ports, make, decide):
    ids = [make(number, at=number * 1_000) for number in range(1, 7)]
    decide(ids[0], ReportState.DISMISSED, at=50_000)
    decide(ids[1], ReportState.ACTED_ON, at=40_000)
    decide(ids[2], ReportState.DISMISSED, at=45_000)
    with ports.transaction():
        sweep = ports.report_store.sweep
        assert sweep(39_999, 3_999, 9) == 0
        assert [sweep(45_000, 5_000, 3) for _ in range(3)] == [3, 1, 0]
    assert [head.id for head in ports.report_store.page(ALL)] == [ids[5], ids[0]]
