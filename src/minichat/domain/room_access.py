"""Which rooms a user may see, and how the user sees them.

Users outside of a private or direct room can't learn that it exists. A public room shows its card to all users and its
contents to participants. The role decides which changes a participant may make. This module changes nothing.
"""

from dataclasses import dataclass

from minichat.domain.details import DetailReader
from minichat.domain.errors import DirectChatIsFixed, NotAParticipant, RoleTooLow, RoomNotFound
from minichat.domain.model import Membership, Role, Room, RoomKind, RoomView, ShownRoom, WriteAccess
from minichat.domain.ports import RoomStore


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomAccess:
    room_store: RoomStore
    detail_reader: DetailReader

    def access(self, user_id: int, room_id: int) -> tuple[Room, Membership | None]:
        """Return the room if the user may know of it. Raises RoomNotFound for a missing and for a hidden room alike."""
        found = self.room_store.access(room_id, user_id)
        if found is None or (found[1] is None and not found[0].is_public):
            raise RoomNotFound
        return found

    def as_participant(self, user_id: int, room_id: int) -> tuple[Room, Membership]:
        """Return the room and the user's membership. Raises RoomNotFound, or NotAParticipant for a public room."""
        room, membership = self.access(user_id, room_id)
        if membership is None:
            raise NotAParticipant
        return room, membership

    def as_at_least(self, role: Role, user_id: int, room_id: int) -> tuple[Room, Membership]:
        """Return the group and the user's membership, if its role is `role` or a higher one.

        Raises RoomNotFound, NotAParticipant, DirectChatIsFixed or RoleTooLow.
        """
        room, membership = self.as_participant(user_id, room_id)
        refuse_direct(room)
        if role.outranks(membership.role):
            raise RoleTooLow
        return room, membership

    def view(self, user_id: int, room_id: int) -> RoomView:
        """Return the room as the user sees it, by the rule of `access`. Raises RoomNotFound."""
        view = self.room_store.view(room_id, user_id)
        if view is None or (view.membership is None and not view.room.is_public):
            raise RoomNotFound
        return view

    def view_as_participant(self, user_id: int, room_id: int) -> RoomView:
        """Return the room as its participant sees it. Raises the same errors as `as_participant`."""
        view = self.view(user_id, room_id)
        if view.membership is None:
            raise NotAParticipant
        return view

    def shown(self, user_id: int, room_id: int) -> ShownRoom:
        """Return the room as the user sees it, with its details. Raises RoomNotFound."""
        view = self.view(user_id, room_id)
        return ShownRoom(view, self.detail_reader.of_rooms([user_id], [view]))


def may_write(room: Room, membership: Membership) -> bool:
    """Return whether the participant may send messages and type."""
    return room.write == WriteAccess.ALL or membership.role != Role.MEMBER


def refuse_direct(room: Room) -> None:
    """Raise DirectChatIsFixed for a direct chat: its two users and its settings never change."""
    if room.kind == RoomKind.DIRECT:
        raise DirectChatIsFixed
