"""The services of operators: acts on the accounts of others, and the deletion of old data."""

from functools import cached_property

from minichat.domain.account_editing import AccountEditing
from minichat.domain.administration import Administration
from minichat.domain.figures import Figures
from minichat.domain.people_lists import PeopleLists
from minichat.domain.retention import Retention
from minichat.domain.services.oversight import OversightServices


class OperationServices(OversightServices):
    @cached_property
    def administration(self) -> Administration:
        return Administration(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            username_key=self.ports.username_key,
            is_common_password=self.ports.is_common_password,
            password_hasher=self.ports.password_hasher,
            user_store=self.ports.user_store,
            session_store=self.ports.session_store,
            account_links=self.account_links,
            superusers=self.superusers,
            administrators=self.administrators,
            audit_log=self.audit_log,
        )

    @cached_property
    def account_editing(self) -> AccountEditing:
        return AccountEditing(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            characters=self.ports.characters,
            username_key=self.ports.username_key,
            mixes_scripts=self.ports.mixes_scripts,
            email_address=self.ports.email_address,
            password_hasher=self.ports.password_hasher,
            user_store=self.ports.user_store,
            registration=self.registration,
            recovery=self.recovery,
            verification=self.verification,
            outbox=self.outbox,
            administrators=self.administrators,
            audit_log=self.audit_log,
        )

    @cached_property
    def people_lists(self) -> PeopleLists:
        return PeopleLists(
            clock=self.ports.clock,
            characters=self.ports.characters,
            email_address=self.ports.email_address,
            user_store=self.ports.user_store,
            people_store=self.ports.people_store,
            session_store=self.ports.session_store,
            report_store=self.ports.report_store,
            audit_store=self.ports.audit_store,
        )

    @cached_property
    def retention(self) -> Retention:
        return Retention(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            user_store=self.ports.user_store,
            session_store=self.ports.session_store,
            ticket_store=self.ports.ticket_store,
            link_store=self.ports.link_store,
            mail_store=self.ports.mail_store,
            invitation_store=self.ports.invitation_store,
            room_store=self.ports.room_store,
            change_store=self.ports.change_store,
            report_store=self.ports.report_store,
            attempt_store=self.ports.attempt_store,
            figure_store=self.ports.figure_store,
            audit_store=self.ports.audit_store,
            media_store=self.ports.media_store,
        )

    @cached_property
    def figures(self) -> Figures:
        return Figures(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            figure_store=self.ports.figure_store,
        )
