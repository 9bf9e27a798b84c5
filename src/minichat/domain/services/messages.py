"""The services of messages. They build on those of rooms."""

from functools import cached_property

from minichat.domain.changes import ChangeLog
from minichat.domain.history import History
from minichat.domain.mentions import Mentions
from minichat.domain.message_access import MessageAccess
from minichat.domain.message_search import MessageSearch
from minichat.domain.message_versions import MessageVersions
from minichat.domain.messaging import Messaging
from minichat.domain.pins import Pins
from minichat.domain.reactions import Reactions
from minichat.domain.reports import Reports
from minichat.domain.services.rooms import RoomServices


class MessageServices(RoomServices):
    @cached_property
    def message_access(self) -> MessageAccess:
        return MessageAccess(
            membership_store=self.ports.membership_store,
            message_store=self.ports.message_store,
            detail_reader=self.detail_reader,
            room_access=self.room_access,
        )

    @cached_property
    def mentions(self) -> Mentions:
        return Mentions(
            snapshot=self.ports.snapshot,
            username_key=self.ports.username_key,
            membership_store=self.ports.membership_store,
            mention_store=self.ports.mention_store,
            detail_reader=self.detail_reader,
        )

    @cached_property
    def message_versions(self) -> MessageVersions:
        return MessageVersions(
            clock=self.ports.clock,
            message_store=self.ports.message_store,
            reaction_store=self.ports.reaction_store,
            change_store=self.ports.change_store,
            mentions=self.mentions,
        )

    @cached_property
    def messaging(self) -> Messaging:
        return Messaging(
            transaction=self.ports.transaction,
            snapshot=self.ports.snapshot,
            clock=self.ports.clock,
            characters=self.ports.characters,
            user_store=self.ports.user_store,
            room_store=self.ports.room_store,
            membership_store=self.ports.membership_store,
            message_store=self.ports.message_store,
            tally=self.ports.tally,
            detail_reader=self.detail_reader,
            room_access=self.room_access,
            message_access=self.message_access,
            participation=self.participation,
            blocks=self.blocks,
            mentions=self.mentions,
            message_versions=self.message_versions,
        )

    @cached_property
    def reactions(self) -> Reactions:
        return Reactions(
            transaction=self.ports.transaction,
            snapshot=self.ports.snapshot,
            clock=self.ports.clock,
            characters=self.ports.characters,
            user_store=self.ports.user_store,
            message_store=self.ports.message_store,
            reaction_store=self.ports.reaction_store,
            change_store=self.ports.change_store,
            participation=self.participation,
            blocks=self.blocks,
            message_access=self.message_access,
        )

    @cached_property
    def pins(self) -> Pins:
        return Pins(
            transaction=self.ports.transaction,
            snapshot=self.ports.snapshot,
            clock=self.ports.clock,
            membership_store=self.ports.membership_store,
            message_store=self.ports.message_store,
            change_store=self.ports.change_store,
            detail_reader=self.detail_reader,
            room_access=self.room_access,
            participation=self.participation,
            blocks=self.blocks,
            message_access=self.message_access,
        )

    @cached_property
    def history(self) -> History:
        return History(
            transaction=self.ports.transaction,
            snapshot=self.ports.snapshot,
            membership_store=self.ports.membership_store,
            message_store=self.ports.message_store,
            detail_reader=self.detail_reader,
            room_access=self.room_access,
            participation=self.participation,
        )

    @cached_property
    def message_search(self) -> MessageSearch:
        return MessageSearch(
            snapshot=self.ports.snapshot,
            characters=self.ports.characters,
            detail_reader=self.detail_reader,
            room_store=self.ports.room_store,
            membership_store=self.ports.membership_store,
            message_index=self.ports.message_index,
            room_access=self.room_access,
        )

    @cached_property
    def reports(self) -> Reports:
        return Reports(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            report_store=self.ports.report_store,
            message_access=self.message_access,
            participation=self.participation,
        )

    @cached_property
    def change_log(self) -> ChangeLog:
        return ChangeLog(
            snapshot=self.ports.snapshot,
            user_store=self.ports.user_store,
            room_store=self.ports.room_store,
            membership_store=self.ports.membership_store,
            message_store=self.ports.message_store,
            change_store=self.ports.change_store,
            block_store=self.ports.block_store,
            detail_reader=self.detail_reader,
        )
