"""Reports of messages in the database."""

from collections.abc import Sequence

from peewee import SQL, Node

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.paging import KeysetPages
from minichat.adapters.peewee.engine.statements import Row, Statement, param, params
from minichat.adapters.peewee.tables import ReportRow
from minichat.domain.model import NewReport, Report, ReportHead, ReportState, Timestamp
from minichat.domain.paging import Key, Window

HEADS = Mapper(ReportHead, ReportRow)
_AFTER_EVERY_TIME: Key = (2**63 - 1, 0)
_COMMENT, _CONTENT = HEADS.end, HEADS.end + 1


class PeeweeReportStore:
    def __init__(self, database: ChatDatabase) -> None:
        row, limit = ReportRow, param("limit")

        def statement(query: Node) -> Statement:
            return Statement(database, query)

        heads, whole = row.select(*HEADS.columns), row.select(*HEADS.columns, row.comment, row.content)
        by_user, this_one = row.reporter_id == param("user_id"), row.id == param("id")
        self._add = statement(
            row.insert(state=ReportState.OPEN.value, **params(NewReport._fields)).on_conflict_ignore()
        )
        self._has = statement(row.select(row.id).where(by_user & (row.message_id == param("message_id"))))
        self._times_of = statement(row.select(row.created_at).where(by_user).order_by(row.id.desc()).limit(limit))
        self._get = statement(whole.where(this_one))
        # The condition of its index: see the migration 0022. A parameter would not match it.
        in_any_state = heads.where(row.id > SQL("0"))
        in_state = heads.where(row.state == param("state"))
        by_author = heads.where(row.author_id == param("author_id"))
        self._pages, self._pages_in_state, self._pages_about, self._pages_by = (
            KeysetPages(database, query, (row.created_at, row.id), start=_AFTER_EVERY_TIME, newest_first=True)
            for query in (in_any_state, in_state, by_author, heads.where(by_user))
        )
        self._oldest, self._oldest_in_state = (
            KeysetPages(database, query, (row.created_at, row.id), start=(0, 0)) for query in (in_any_state, in_state)
        )
        of_message = heads.where(row.message_id == param("message_id"))
        self._of_message = statement(of_message.order_by(row.id.desc()).limit(limit))
        self._all_by = statement(whole.where(by_user & (row.id > param("after"))).order_by(row.id).limit(limit))
        decision = params(("state", "decided_by", "decided_at"))
        self._decide = statement(row.update(decision).where(this_one & (row.state == param("before"))))
        self._erase_reporter = statement(row.update(reporter_id=None).where(by_user))
        self._erase_decider = statement(row.update(decided_by=None).where(row.decided_by == param("user_id")))
        decided = row.decided_at.is_null(False) & (row.decided_at <= param("decided_before"))
        undecided = row.decided_at.is_null() & (row.created_at <= param("made_before"))
        old = row.select(row.id).where(decided).union_all(row.select(row.id).where(undecided)).limit(limit)
        self._sweep = statement(row.delete().where(row.id.in_(old)))

    def add(self, new: NewReport) -> bool:
        return self._add.run(**new._asdict()) == 1

    def has(self, message_id: int, reporter_id: int) -> bool:
        return self._has.one(message_id=message_id, user_id=reporter_id) is not None

    def times_of(self, reporter_id: int, limit: int) -> Sequence[Timestamp]:
        return [at for (at,) in self._times_of.rows(user_id=reporter_id, limit=limit)]

    def get(self, report_id: int) -> Report | None:
        row = self._get.one(id=report_id)
        return None if row is None else _report(row)

    def page(
        self, window: Window, state: ReportState | None = None, *, oldest_first: bool = False
    ) -> Sequence[ReportHead]:
        if state is None:
            return HEADS.all((self._oldest if oldest_first else self._pages).rows(window))
        pages = self._oldest_in_state if oldest_first else self._pages_in_state
        return HEADS.all(pages.rows(window, state=state.value))

    def page_about(self, author_id: int, window: Window) -> Sequence[ReportHead]:
        return HEADS.all(self._pages_about.rows(window, author_id=author_id))

    def page_by(self, reporter_id: int, window: Window) -> Sequence[ReportHead]:
        return HEADS.all(self._pages_by.rows(window, user_id=reporter_id))

    def of_message(self, message_id: int, limit: int) -> Sequence[ReportHead]:
        return HEADS.all(self._of_message.rows(message_id=message_id, limit=limit))

    def all_by(self, reporter_id: int, after: int, limit: int) -> Sequence[Report]:
        return [_report(row) for row in self._all_by.rows(user_id=reporter_id, after=after, limit=limit)]

    def decide(self, report_id: int, before: ReportState, state: ReportState, by: int | None, at: Timestamp) -> bool:
        is_open = state == ReportState.OPEN
        decided_by, decided_at = (None, None) if is_open else (by, at)
        decision = {"state": state.value, "decided_by": decided_by, "decided_at": decided_at}
        return self._decide.run(id=report_id, before=before.value, **decision) == 1

    def erase(self, user_id: int) -> None:
        self._erase_reporter.run(user_id=user_id)
        self._erase_decider.run(user_id=user_id)

    def sweep(self, decided_before: Timestamp, made_before: Timestamp, limit: int) -> int:
        return self._sweep.run(decided_before=decided_before, made_before=made_before, limit=limit)


def _report(row: Row) -> Report:
    return Report(HEADS.of(row), row[_COMMENT], row[_CONTENT])
