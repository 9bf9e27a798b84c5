"""The services of rooms: who is in a room, and what its participants may do there."""

from functools import cached_property

from minichat.domain.acquaintances import Acquaintances
from minichat.domain.blocks import Blocks
from minichat.domain.invitations import Invitations
from minichat.domain.moderation import Moderation
from minichat.domain.notifications import Notifications
from minichat.domain.participation import Participation
from minichat.domain.presence import Presence
from minichat.domain.room_access import RoomAccess
from minichat.domain.rooms import Rooms
from minichat.domain.services.foundation import Foundation


class RoomServices(Foundation):
    @cached_property
    def room_access(self) -> RoomAccess:
        return RoomAccess(
            room_store=self.ports.room_store,
            detail_reader=self.detail_reader,
        )

    @cached_property
    def acquaintances(self) -> Acquaintances:
        return Acquaintances(
            membership_store=self.ports.membership_store,
            mode=self.modes.directory,
        )

    @cached_property
    def blocks(self) -> Blocks:
        return Blocks(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            user_store=self.ports.user_store,
            room_store=self.ports.room_store,
            membership_store=self.ports.membership_store,
            block_store=self.ports.block_store,
            change_store=self.ports.change_store,
            acquaintances=self.acquaintances,
        )

    @cached_property
    def participation(self) -> Participation:
        return Participation(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            user_store=self.ports.user_store,
            room_store=self.ports.room_store,
            membership_store=self.ports.membership_store,
            ban_store=self.ports.ban_store,
            message_store=self.ports.message_store,
            mention_store=self.ports.mention_store,
            change_store=self.ports.change_store,
            room_access=self.room_access,
            audit_log=self.audit_log,
        )

    @cached_property
    def rooms(self) -> Rooms:
        return Rooms(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            characters=self.ports.characters,
            user_store=self.ports.user_store,
            room_store=self.ports.room_store,
            membership_store=self.ports.membership_store,
            change_store=self.ports.change_store,
            detail_reader=self.detail_reader,
            room_access=self.room_access,
            participation=self.participation,
            acquaintances=self.acquaintances,
            blocks=self.blocks,
            audit_log=self.audit_log,
        )

    @cached_property
    def moderation(self) -> Moderation:
        return Moderation(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            user_store=self.ports.user_store,
            room_store=self.ports.room_store,
            ban_store=self.ports.ban_store,
            message_store=self.ports.message_store,
            room_access=self.room_access,
            participation=self.participation,
            acquaintances=self.acquaintances,
            blocks=self.blocks,
            audit_log=self.audit_log,
        )

    @cached_property
    def invitations(self) -> Invitations:
        return Invitations(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            user_store=self.ports.user_store,
            room_store=self.ports.room_store,
            ban_store=self.ports.ban_store,
            invitation_store=self.ports.invitation_store,
            room_access=self.room_access,
            participation=self.participation,
            audit_log=self.audit_log,
        )

    @cached_property
    def notifications(self) -> Notifications:
        return Notifications(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            room_store=self.ports.room_store,
            membership_store=self.ports.membership_store,
            change_store=self.ports.change_store,
            room_access=self.room_access,
        )

    @cached_property
    def presence(self) -> Presence:
        return Presence(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            user_store=self.ports.user_store,
            membership_store=self.ports.membership_store,
            notice_board=self.ports.notice_board,
            tally=self.ports.tally,
            room_access=self.room_access,
            blocks=self.blocks,
        )
