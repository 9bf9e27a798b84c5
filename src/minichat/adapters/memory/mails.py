"""The queue of mails in memory, and a post box in the place of a mail server: see `domain.ports.mails`."""

from collections.abc import Iterable, Sequence

from minichat.adapters.memory.store import Store, StoredMail
from minichat.domain.model import Letter, Mail, MailKind, MailOutcome, MailQueue, MailRecord, NewMail, Timestamp


class MemoryMailStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, new: NewMail) -> None:
        tables = self._store.writable
        mail_id = tables.next_id("mails")
        tables.mails[mail_id] = StoredMail(Mail(id=mail_id, attempts=0, **new._asdict()))

    def claim(self, at: Timestamp, until: Timestamp) -> Mail | None:
        due = [mail for mail in self._waiting() if mail.due_at <= at]
        if not due:
            return None
        first = min(due, key=lambda mail: (mail.due_at, mail.id))
        claimed = first._replace(due_at=until, attempts=first.attempts + 1)
        self._store.writable.mails[first.id] = StoredMail(claimed)
        return claimed

    def accept(self, mail_id: int, address: str, email_key: str) -> None:
        mail = self._store.tables.mails[mail_id].mail
        self._store.writable.mails[mail_id] = StoredMail(mail._replace(address=address, email_key=email_key))

    def postpone(self, mail_id: int, due_at: Timestamp) -> None:
        stored = self._store.tables.mails.get(mail_id)
        if stored is not None and stored.outcome is None:
            self._store.writable.mails[mail_id] = StoredMail(stored.mail._replace(due_at=due_at))

    def finish(self, mail_id: int, outcome: MailOutcome, at: Timestamp) -> None:
        stored = self._store.tables.mails.get(mail_id)
        if stored is not None and stored.outcome is None:
            self._store.writable.mails[mail_id] = StoredMail(stored.mail._replace(address="", seed=""), outcome, at)

    def times_to(self, email_key: str, since: Timestamp, until: Timestamp, limit: int) -> Sequence[Timestamp]:
        return self._newest((mail for mail in self._counted() if mail.email_key == email_key), since, until, limit)

    def reset_times(self, user_id: int, since: Timestamp, until: Timestamp, limit: int) -> Sequence[Timestamp]:
        resets = (
            mail
            for mail in self._counted()
            if mail.user_id == user_id and mail.kind is MailKind.RESET and mail.email_key
        )
        return self._newest(resets, since, until, limit)

    def request_times(
        self, user_id: int, kind: MailKind, since: Timestamp, until: Timestamp, limit: int
    ) -> Sequence[Timestamp]:
        mails = [stored.mail for stored in self._store.tables.mails.values()]
        return self._newest(
            (mail for mail in mails if (mail.user_id, mail.kind) == (user_id, kind)), since, until, limit
        )

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[MailRecord]:
        found = [one for id_, one in self._store.tables.mails.items() if one.mail.user_id == user_id and id_ > after]
        return [
            MailRecord(mail.id, mail.kind, mail.created_at, outcome, done_at)
            for mail, outcome, done_at in found[:limit]
        ]

    def queue(self) -> MailQueue:
        times = [mail.created_at for mail in self._waiting()]
        outcomes = [stored.outcome for stored in self._store.tables.mails.values()]
        failed = sum(outcome in {MailOutcome.REFUSED, MailOutcome.GIVEN_UP} for outcome in outcomes)
        return MailQueue(len(times), min(times, default=None), failed)

    def erase(self, user_id: int) -> None:
        mails = self._store.writable.mails
        for mail_id, stored in list(mails.items()):
            if stored.mail.user_id == user_id:
                forgotten = stored.mail._replace(user_id=None, address="", seed="")
                done_at = stored.mail.created_at if stored.done_at is None else stored.done_at
                mails[mail_id] = StoredMail(forgotten, stored.outcome or MailOutcome.DROPPED, done_at)

    def sweep(self, done_at: Timestamp, due_at: Timestamp, limit: int) -> int:
        mails = self._store.writable.mails
        done = {id_ for id_, stored in mails.items() if stored.done_at is not None and stored.done_at <= done_at}
        stuck = {mail.id for mail in self._waiting() if mail.due_at <= due_at}
        swept = sorted(done | stuck)[:limit]
        for mail_id in swept:
            del mails[mail_id]
        return len(swept)

    def _waiting(self) -> Iterable[Mail]:
        return [stored.mail for stored in self._store.tables.mails.values() if stored.outcome is None]

    def _counted(self) -> Iterable[Mail]:
        stored = self._store.tables.mails.values()
        return [one.mail for one in stored if one.outcome is not MailOutcome.DROPPED]

    @staticmethod
    def _newest(mails: Iterable[Mail], since: Timestamp, until: Timestamp, limit: int) -> Sequence[Timestamp]:
        return sorted((mail.created_at for mail in mails if since < mail.created_at < until), reverse=True)[:limit]


class MemoryMailer:
    """A mail server that keeps every letter. A test sets `failure` to let it refuse them."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.failure: Exception | None = None
        self.wakes = 0

    def send(self, letter: Letter) -> None:
        if self.failure is not None:
            raise self.failure
        self.letters.append(letter)

    def queued(self) -> None:
        self.wakes += 1
