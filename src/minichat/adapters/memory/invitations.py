"""Invitations to rooms in memory: see `domain.ports.invitations`."""

from collections.abc import Collection, Sequence

from minichat.adapters.memory.store import Store, in_window
from minichat.domain.model import Invitation, NewInvitation, Timestamp
from minichat.domain.paging import Window


class MemoryInvitationStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, new: NewInvitation) -> Invitation:
        self._store.locks.check_room(new.room_id)
        tables = self._store.writable
        invitation = new.stored_as(tables.next_id("invitations"))
        tables.invitations[new.token_hash] = invitation
        return invitation

    def by_hash(self, token_hash: str) -> Invitation | None:
        invitation = self._store.tables.invitations.get(token_hash)
        if invitation is not None:
            self._store.locks.check_room(invitation.room_id)
        return invitation

    def use(self, invitation: Invitation) -> bool:
        self._store.locks.check_room(invitation.room_id)
        invitations = self._store.writable.invitations
        for token_hash, found in invitations.items():
            if found.id == invitation.id and not found.is_used_up:
                invitations[token_hash] = found._replace(used=found.used + 1)
                return True
        return False

    def remove(self, room_id: int, invitation_id: int) -> Invitation | None:
        self._store.locks.check_room(room_id)
        for found in self._store.tables.invitations.values():
            if (found.room_id, found.id) == (room_id, invitation_id):
                self._delete([found])
                return found
        return None

    def page(self, room_id: int, at: Timestamp, window: Window) -> Sequence[Invitation]:
        invitations = self._store.tables.invitations.values()
        found = [one for one in invitations if one.room_id == room_id and one.expires_at > at]
        return in_window(found, window, lambda one: (one.id,), newest_first=True)

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Invitation]:
        invitations = self._store.tables.invitations.values()
        return [one for one in invitations if one.created_by == user_id and one.id > after][:limit]

    def erase(self, user_id: int) -> None:
        self._store.locks.check_account(user_id)
        self._delete([one for one in self._store.tables.invitations.values() if one.created_by == user_id])

    def sweep(self, at: Timestamp, limit: int) -> int:
        expired = [one for one in self._store.tables.invitations.values() if one.expires_at <= at][:limit]
        self._delete(expired)
        return len(expired)

    def _delete(self, invitations: Collection[Invitation]) -> None:
        tables = self._store.writable
        tables.invitations = {key: one for key, one in tables.invitations.items() if one not in invitations}
