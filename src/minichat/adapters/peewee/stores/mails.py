"""The queue of mails in the database: every sender of every host sees it, and a crash loses none."""

from collections.abc import Sequence

from peewee import SQL, Node, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.statements import Statement, param, params
from minichat.adapters.peewee.tables import MailRow
from minichat.domain.model import Mail, MailKind, MailOutcome, MailQueue, MailRecord, NewMail, Timestamp

MAILS, RECORDS = Mapper(Mail, MailRow), Mapper(MailRecord, MailRow)


class PeeweeMailStore:
    def __init__(self, database: ChatDatabase) -> None:
        row = MailRow

        def statement(query: Node) -> Statement:
            return Statement(database, query)

        this_one, waits = row.id == param("id"), row.done_at.is_null()
        is_due = waits & (row.due_at <= param("at"))
        first = row.select(row.id).where(is_due).order_by(row.due_at, row.id).limit(1)
        self._add = statement(row.insert(params(NewMail._fields)))
        # PostgreSQL checks the second condition again after it has waited for a concurrent claim of the same row.
        self._claim = statement(
            row.update(due_at=param("until"), attempts=row.attempts + 1)
            .where((row.id == first) & is_due)
            .returning(*MAILS.columns)
        )
        self._accept = statement(row.update(address=param("address"), email_key=param("email_key")).where(this_one))
        self._postpone = statement(row.update(due_at=param("due_at")).where(this_one & waits))
        done = {"outcome": param("outcome"), "done_at": param("at"), "address": "", "seed": ""}
        self._finish = statement(row.update(done).where(this_one & waits))

        is_recent = (row.created_at > param("since")) & (row.created_at < param("until"))
        counts = row.outcome.is_null() | (row.outcome != MailOutcome.DROPPED.value)
        newest = row.select(row.created_at).order_by(row.created_at.desc()).limit(param("limit"))
        self._times_to = statement(newest.where((row.email_key == param("email_key")) & is_recent & counts))
        is_reset = (row.kind == MailKind.RESET.value) & (row.email_key != "")
        self._reset_times = statement(newest.where((row.user_id == param("user_id")) & is_recent & counts & is_reset))

        is_of_kind = (row.user_id == param("user_id")) & (row.kind == param("kind"))
        self._request_times = statement(newest.where(is_of_kind & is_recent))

        of_account = (row.user_id == param("user_id")) & (row.id > param("after"))
        records = row.select(*RECORDS.columns).where(of_account)
        self._all_of = statement(records.order_by(row.id).limit(param("limit")))

        # The comparisons with 0 are true, and let SQLite search an index.
        self._waiting = statement(
            row.select(fn.COUNT(SQL("*")), fn.MIN(row.created_at)).where(waits & (row.due_at > 0))
        )
        # In the words of the partial index: a parameter would not match it.
        is_failed = SQL("outcome IN ('refused', 'given_up')")
        self._failed = statement(row.select(fn.COUNT(SQL("*"))).where((row.done_at > 0) & is_failed))

        of_user = row.user_id == param("user_id")
        dropped = {"outcome": MailOutcome.DROPPED.value, "done_at": row.created_at, "address": "", "seed": ""}
        self._drop_all = statement(row.update(dropped).where(of_user & waits))
        self._forget = statement(row.update(user_id=None).where(of_user))
        old = row.select(row.id).where(row.done_at <= param("at")).order_by(row.done_at).limit(param("limit"))
        self._sweep = statement(row.delete().where(row.id.in_(old)))
        stuck = row.select(row.id).where(is_due).order_by(row.due_at, row.id).limit(param("limit"))
        self._sweep_stuck = statement(row.delete().where(row.id.in_(stuck)))

    def add(self, new: NewMail) -> None:
        self._add.run(**new._asdict())

    def claim(self, at: Timestamp, until: Timestamp) -> Mail | None:
        row = self._claim.one(at=at, until=until)
        return None if row is None else MAILS.of(row)

    def accept(self, mail_id: int, address: str, email_key: str) -> None:
        self._accept.run(id=mail_id, address=address, email_key=email_key)

    def postpone(self, mail_id: int, due_at: Timestamp) -> None:
        self._postpone.run(id=mail_id, due_at=due_at)

    def finish(self, mail_id: int, outcome: MailOutcome, at: Timestamp) -> None:
        self._finish.run(id=mail_id, outcome=outcome, at=at)

    def times_to(self, email_key: str, since: Timestamp, until: Timestamp, limit: int) -> Sequence[Timestamp]:
        return [at for (at,) in self._times_to.rows(email_key=email_key, since=since, until=until, limit=limit)]

    def reset_times(self, user_id: int, since: Timestamp, until: Timestamp, limit: int) -> Sequence[Timestamp]:
        return [at for (at,) in self._reset_times.rows(user_id=user_id, since=since, until=until, limit=limit)]

    def request_times(
        self, user_id: int, kind: MailKind, since: Timestamp, until: Timestamp, limit: int
    ) -> Sequence[Timestamp]:
        return [
            at for (at,) in self._request_times.rows(user_id=user_id, kind=kind, since=since, until=until, limit=limit)
        ]

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[MailRecord]:
        return RECORDS.all(self._all_of.rows(user_id=user_id, after=after, limit=limit))

    def queue(self) -> MailQueue:
        waiting = self._waiting.one()
        failed = self._failed.one()
        assert waiting is not None, "a count returns a row"
        assert failed is not None, "a count returns a row"
        return MailQueue(*waiting, *failed)

    def erase(self, user_id: int) -> None:
        self._drop_all.run(user_id=user_id)
        self._forget.run(user_id=user_id)

    def sweep(self, done_at: Timestamp, due_at: Timestamp, limit: int) -> int:
        swept = self._sweep.run(at=done_at, limit=limit)
        return swept + self._sweep_stuck.run(at=due_at, limit=limit - swept)
