"""The services of administrators on rooms, messages, reports and the audit log."""

from functools import cached_property

from minichat.domain.audit_reading import AuditReading
from minichat.domain.report_queue import ReportQueue
from minichat.domain.room_administration import RoomAdministration
from minichat.domain.room_openings import RoomOpenings
from minichat.domain.services.second_factor import SecondFactorServices


class OversightServices(SecondFactorServices):
    @cached_property
    def room_administration(self) -> RoomAdministration:
        return RoomAdministration(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            characters=self.ports.characters,
            user_store=self.ports.user_store,
            room_store=self.ports.room_store,
            membership_store=self.ports.membership_store,
            change_store=self.ports.change_store,
            participation=self.participation,
            room_invitations=self.invitations,
            administrators=self.administrators,
            audit_log=self.audit_log,
        )

    @cached_property
    def room_openings(self) -> RoomOpenings:
        return RoomOpenings(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            characters=self.ports.characters,
            user_store=self.ports.user_store,
            room_store=self.ports.room_store,
            message_store=self.ports.message_store,
            room_opening_store=self.ports.room_opening_store,
            message_versions=self.message_versions,
            administrators=self.administrators,
            audit_log=self.audit_log,
        )

    @cached_property
    def report_queue(self) -> ReportQueue:
        return ReportQueue(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            user_store=self.ports.user_store,
            room_store=self.ports.room_store,
            message_store=self.ports.message_store,
            report_store=self.ports.report_store,
            message_versions=self.message_versions,
            administrators=self.administrators,
            audit_log=self.audit_log,
        )

    @cached_property
    def audit_reading(self) -> AuditReading:
        return AuditReading(
            transaction=self.ports.transaction,
            username_key=self.ports.username_key,
            user_store=self.ports.user_store,
            audit_store=self.ports.audit_store,
            administrators=self.administrators,
            audit_log=self.audit_log,
        )
