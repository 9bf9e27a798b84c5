"""The filters of the audit log: each combination of event and person reads one range of an index.

A person is either the subject of an entry or its actor. Each is a list of its own, and a page is merged from both.
"""

from peewee import SQL, Expression, Tuple

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.paging import merged
from minichat.adapters.peewee.engine.statements import Row, Statement, param
from minichat.adapters.peewee.tables import AuditRow
from minichat.domain.model import AuditFilter
from minichat.domain.paging import Key, Window

COLUMNS = ("event", "at", "user_id", "actor_id", "session_id", "user_agent", "ip", "detail", "id")
_AT, _ID = COLUMNS.index("at"), COLUMNS.index("id")
_AFTER_EVERY_TIME = 2**63 - 1


class AuditFilters:
    def __init__(self, database: ChatDatabase) -> None:
        row = AuditRow
        is_event = row.event == param("event")
        is_about, is_by = row.user_id == param("person_id"), row.actor_id == param("person_id")
        # The conditions of the indexes: see the migration 0023. Parameters would not match them.
        by_time, by_event, by_person = (row.id > SQL(number) for number in ("0", "-1", "-2"))
        self._all, self._of_event = _Entries(database, by_time), _Entries(database, is_event & by_event)
        self._of_person = (_Entries(database, is_about & by_person), _Entries(database, is_by & by_person))
        self._of_both = (_Entries(database, is_event & is_about), _Entries(database, is_event & is_by))

    def rows(self, entries: AuditFilter, window: Window) -> list[Row]:
        """Return the entries in the window, the newest first, and one more if the list continues."""
        lists: tuple[_Entries, ...]
        if entries.person_id is None:
            lists = (self._all if entries.event is None else self._of_event,)
        else:
            lists = self._of_person if entries.event is None else self._of_both
        return merged([one.rows(entries, window) for one in lists], window, lambda row: (row[_AT], row[_ID]))


class _Entries:
    """The entries under one condition."""

    def __init__(self, database: ChatDatabase, condition: Expression) -> None:
        row = AuditRow
        query = row.select(*(getattr(row, name) for name in COLUMNS)).where(condition).limit(param("limit"))
        place, edge = Tuple(row.at, row.id), Tuple(param("key_at"), param("key_id"))
        # One bound on either side, so that the index is read from one bound to the other.
        older = query.where((place < edge) & (row.at >= param("since")))
        newer = query.where((place > edge) & (row.at < param("until")))
        self._onward = Statement(database, older.order_by(row.at.desc(), row.id.desc()))
        self._back = Statement(database, newer.order_by(row.at, row.id))

    def rows(self, entries: AuditFilter, window: Window) -> list[Row]:
        since = 0 if entries.since is None else entries.since
        until = _AFTER_EVERY_TIME if entries.until is None else entries.until
        given = {"event": entries.event, "person_id": entries.person_id, "limit": window.limit + 1}
        end: Key = (until, 0)
        if window.before is None:
            key_at, key_id = end if window.after is None else min(end, window.after)
            return self._onward.rows(key_at=key_at, key_id=key_id, since=since, **given)
        key_at, key_id = max((since, -1), window.before)
        return self._back.rows(key_at=key_at, key_id=key_id, until=until, **given)[::-1]
