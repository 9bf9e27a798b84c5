"""Reading messages as an administrator: only in a group, only after a reason, and never without a trace.

The reason opens one group for 15 minutes, for the session in which the administrator gave it. The end of the session,
of the administrator's rights or of the group ends the opening. The reason and each page are in the audit log before
any message is returned. Direct chats can't be opened: they are not found, like an unknown id.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from minichat.domain.administrators import Administrators
from minichat.domain.audit import AuditLog
from minichat.domain.errors import MessageNotFound, RoomNotOpened
from minichat.domain.history import MessageWindow, read_window
from minichat.domain.message_versions import MessageVersions
from minichat.domain.model import (
    AuditEvent,
    OpenedMessages,
    Room,
    RoomOpening,
)
from minichat.domain.ports import (
    Characters,
    Clock,
    MessageStore,
    RoomOpeningStore,
    RoomStore,
    Transaction,
    UserStore,
)
from minichat.domain.room_lookup import existing_group
from minichat.domain.text import Fields

MIN_REASON_LENGTH = 3
MAX_REASON_LENGTH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOpenings:
    transaction: Transaction
    clock: Clock
    characters: Characters
    user_store: UserStore
    room_store: RoomStore
    message_store: MessageStore
    room_opening_store: RoomOpeningStore
    message_versions: MessageVersions
    administrators: Administrators
    audit_log: AuditLog

    def open(self, admin_id: int, session_id: int, room_id: int, reason: str) -> RoomOpening:
        """Open a group for 15 minutes. A new reason begins a new period.

        Raises InvalidInput on `reason`, RoomNotFound or NotAnAdministrator.
        """
        reason = self._checked(reason)
        with self._locked(admin_id, session_id, room_id):
            opening = RoomOpening(session_id, room_id, self.clock())
            self.room_opening_store.put(opening)
            self.audit_log.note(
                AuditEvent.MESSAGES_OPENED,
                about=None,
                by=admin_id,
                session_id=session_id,
                room=room_id,
                reason=reason,
            )
            return opening

    def close(self, admin_id: int, session_id: int, room_id: int) -> None:
        """End the opening before its time; an ended one stays ended. Raises NotAnAdministrator."""
        with self.transaction(account=admin_id):
            self.administrators.refuse_ended(admin_id, session_id)
            opening = self.room_opening_store.get(session_id, room_id)
            if opening is None or not opening.is_current(self.clock()):
                return
            self.room_opening_store.remove(session_id, room_id)
            self.audit_log.note(
                AuditEvent.MESSAGES_CLOSED, about=None, by=admin_id, session_id=session_id, room=room_id
            )

    def messages(self, admin_id: int, session_id: int, room_id: int, window: MessageWindow) -> OpenedMessages:
        """Return a window of the messages of an open group. The audit log records it first.

        Raises RoomNotFound, RoomNotOpened, NotAnAdministrator, or InvalidInput on a message id that is not in the room.
        """
        with self._locked(admin_id, session_id, room_id) as room:
            opening = self._opening(session_id, room_id)
            found = read_window(self.message_store, room_id, window)
            self.audit_log.note(
                AuditEvent.MESSAGES_VIEWED,
                about=None,
                by=admin_id,
                session_id=session_id,
                room=room_id,
                first=found.messages[0].seq if found.messages else 0,
                last=found.messages[-1].seq if found.messages else 0,
            )
        authors = self.user_store.by_ids({message.user_id for message in found.messages})
        return OpenedMessages(room, found.messages, authors, found.has_older, found.has_newer, opening.ends_at)

    def delete_message(self, admin_id: int, session_id: int, room_id: int, message_id: int) -> None:
        """Delete a message of an open group. Deleting it again changes nothing.

        Raises RoomNotFound, RoomNotOpened, NotAnAdministrator or MessageNotFound.
        """
        sought = self.message_store.get(message_id)
        author_ids = () if sought is None else (sought.user_id,)
        with self._locked(admin_id, session_id, room_id, *author_ids):
            self._opening(session_id, room_id)
            message = self.message_store.get(message_id)
            if message is None or message.room_id != room_id:
                raise MessageNotFound
            if self.message_versions.delete(message, has_author=bool(self.user_store.living(author_ids))):
                self.audit_log.note(
                    AuditEvent.MESSAGE_DELETED,
                    about=message.user_id,
                    by=admin_id,
                    session_id=session_id,
                    room=room_id,
                    message=message_id,
                )

    def _opening(self, session_id: int, room_id: int) -> RoomOpening:
        opening = self.room_opening_store.get(session_id, room_id)
        if opening is None or not opening.is_current(self.clock()):
            raise RoomNotOpened
        return opening

    @contextmanager
    def _locked(self, admin_id: int, session_id: int, room_id: int, *author_ids: int) -> Iterator[Room]:
        """Begin a transaction that holds the administrator and the group. Raises RoomNotFound or NotAnAdministrator."""
        with self.transaction(account=admin_id, room=room_id, shared_accounts={*author_ids} - {admin_id}):
            self.administrators.refuse_ended(admin_id, session_id)
            yield existing_group(self.room_store, room_id)

    def _checked(self, reason: str) -> str:
        """Return the reason without surrounding white space. Raises InvalidInput."""
        fields = Fields()
        reason = fields.body("reason", reason.strip(), least=MIN_REASON_LENGTH, most=MAX_REASON_LENGTH)
        if not fields.found and self.characters.is_blank(reason):
            fields.wrong("reason", "blank")
        fields.check()
        return reason
