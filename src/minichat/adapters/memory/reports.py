"""Reports of messages in memory: see `domain.ports.reports`."""

from collections.abc import Sequence

from minichat.adapters.memory.store import Store, in_window
from minichat.domain.model import NewReport, Report, ReportHead, ReportState, Timestamp
from minichat.domain.paging import Key, Window


class MemoryReportStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, new: NewReport) -> bool:
        if self.has(new.message_id, new.reporter_id):
            return False
        tables = self._store.writable
        head = ReportHead(
            tables.next_id("reports"),
            new.message_id,
            new.room_id,
            new.author_id,
            new.reporter_id,
            new.reason,
            new.created_at,
            ReportState.OPEN,
            decided_by=None,
            decided_at=None,
        )
        tables.reports[head.id] = Report(head, new.comment, new.content)
        return True

    def has(self, message_id: int, reporter_id: int) -> bool:
        return any(report.head.message_id == message_id for report in self._by(reporter_id))

    def times_of(self, reporter_id: int, limit: int) -> Sequence[Timestamp]:
        return [report.head.created_at for report in self._by(reporter_id)][::-1][:limit]

    def get(self, report_id: int) -> Report | None:
        return self._store.tables.reports.get(report_id)

    def page(
        self, window: Window, state: ReportState | None = None, *, oldest_first: bool = False
    ) -> Sequence[ReportHead]:
        heads = [head for head in self._heads() if state in {None, head.state}]
        return in_window(heads, window, _key, newest_first=not oldest_first)

    def page_about(self, author_id: int, window: Window) -> Sequence[ReportHead]:
        heads = [head for head in self._heads() if head.author_id == author_id]
        return in_window(heads, window, _key, newest_first=True)

    def page_by(self, reporter_id: int, window: Window) -> Sequence[ReportHead]:
        heads = [head for head in self._heads() if head.reporter_id == reporter_id]
        return in_window(heads, window, _key, newest_first=True)

    def of_message(self, message_id: int, limit: int) -> Sequence[ReportHead]:
        return [head for head in self._heads() if head.message_id == message_id][::-1][:limit]

    def all_by(self, reporter_id: int, after: int, limit: int) -> Sequence[Report]:
        return [report for report in self._by(reporter_id) if report.head.id > after][:limit]

    def decide(self, report_id: int, before: ReportState, state: ReportState, by: int | None, at: Timestamp) -> bool:
        report = self.get(report_id)
        if report is None or report.head.state != before:
            return False
        is_open = state == ReportState.OPEN
        decided_by, decided_at = (None, None) if is_open else (by, at)
        self._put(report._replace(head=report.head._replace(state=state, decided_by=decided_by, decided_at=decided_at)))
        return True

    def erase(self, user_id: int) -> None:
        self._store.locks.check_account(user_id)
        for report in list(self._store.tables.reports.values()):
            head = report.head
            reporter_id = None if head.reporter_id == user_id else head.reporter_id
            decided_by = None if head.decided_by == user_id else head.decided_by
            self._put(report._replace(head=head._replace(reporter_id=reporter_id, decided_by=decided_by)))

    def sweep(self, decided_before: Timestamp, made_before: Timestamp, limit: int) -> int:
        reports = self._store.writable.reports
        old = [
            head.id
            for head, _, _ in reports.values()
            if (head.created_at <= made_before if head.decided_at is None else head.decided_at <= decided_before)
        ][:limit]
        for report_id in old:
            del reports[report_id]
        return len(old)

    def _by(self, reporter_id: int) -> list[Report]:
        self._store.locks.check_account(reporter_id)
        return [report for report in self._store.tables.reports.values() if report.head.reporter_id == reporter_id]

    def _heads(self) -> list[ReportHead]:
        return [report.head for report in self._store.tables.reports.values()]

    def _put(self, report: Report) -> None:
        self._store.writable.reports[report.head.id] = report


def _key(head: ReportHead) -> Key:
    return (head.created_at, head.id)
