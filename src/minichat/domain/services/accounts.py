"""The services of accounts, sessions and profiles. Registration and erasure build on rooms and messages."""

from functools import cached_property

from minichat.domain.administrators import Administrators
from minichat.domain.avatars import Avatars
from minichat.domain.directory import Directory
from minichat.domain.erasure import Erasure
from minichat.domain.export import Export
from minichat.domain.mail_delivery import MailDelivery
from minichat.domain.recovery import Recovery
from minichat.domain.registration import Registration
from minichat.domain.services.messages import MessageServices
from minichat.domain.sessions import Sessions
from minichat.domain.superusers import Superusers
from minichat.domain.tickets import Tickets
from minichat.domain.verification import Verification


class AccountServices(MessageServices):
    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            username_key=self.ports.username_key,
            is_common_password=self.ports.is_common_password,
            password_hasher=self.ports.password_hasher,
            user_store=self.ports.user_store,
            session_store=self.ports.session_store,
            tally=self.ports.tally,
            throttling=self.throttling,
            account_links=self.account_links,
            audit_log=self.audit_log,
            lifetimes=self.lifetimes,
            chain_keys=self.chain_keys,
        )

    @cached_property
    def registration(self) -> Registration:
        return Registration(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            characters=self.ports.characters,
            username_key=self.ports.username_key,
            mixes_scripts=self.ports.mixes_scripts,
            is_common_password=self.ports.is_common_password,
            email_address=self.ports.email_address,
            password_hasher=self.ports.password_hasher,
            user_store=self.ports.user_store,
            tally=self.ports.tally,
            sessions=self.sessions,
            invitations=self.invitations,
            throttling=self.throttling,
            verification=self.verification,
            outbox=self.outbox,
            audit_log=self.audit_log,
            mode=self.modes.registration,
        )

    @cached_property
    def tickets(self) -> Tickets:
        return Tickets(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            session_store=self.ports.session_store,
            ticket_store=self.ports.ticket_store,
        )

    @cached_property
    def directory(self) -> Directory:
        return Directory(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            characters=self.ports.characters,
            email_address=self.ports.email_address,
            user_store=self.ports.user_store,
            media_store=self.ports.media_store,
            acquaintances=self.acquaintances,
            verification=self.verification,
            outbox=self.outbox,
        )

    @cached_property
    def avatars(self) -> Avatars:
        return Avatars(
            transaction=self.ports.transaction,
            user_store=self.ports.user_store,
            picture_processor=self.ports.picture_processor,
            media_store=self.ports.media_store,
        )

    @cached_property
    def erasure(self) -> Erasure:
        return Erasure(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            user_store=self.ports.user_store,
            session_store=self.ports.session_store,
            ban_store=self.ports.ban_store,
            invitation_store=self.ports.invitation_store,
            block_store=self.ports.block_store,
            report_store=self.ports.report_store,
            second_factor_store=self.ports.second_factor_store,
            figure_store=self.ports.figure_store,
            change_store=self.ports.change_store,
            message_store=self.ports.message_store,
            reaction_store=self.ports.reaction_store,
            mention_store=self.ports.mention_store,
            media_store=self.ports.media_store,
            mail_store=self.ports.mail_store,
            account_links=self.account_links,
            reactions=self.reactions,
            sessions=self.sessions,
            superusers=self.superusers,
            administrators=self.administrators,
            participation=self.participation,
            audit_log=self.audit_log,
        )

    @cached_property
    def administrators(self) -> Administrators:
        return Administrators(
            clock=self.ports.clock,
            user_store=self.ports.user_store,
            session_store=self.ports.session_store,
        )

    @cached_property
    def superusers(self) -> Superusers:
        return Superusers(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            user_store=self.ports.user_store,
            session_store=self.ports.session_store,
            administrators=self.administrators,
            audit_log=self.audit_log,
        )

    @cached_property
    def export(self) -> Export:
        return Export(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            user_store=self.ports.user_store,
            session_store=self.ports.session_store,
            second_factor_store=self.ports.second_factor_store,
            room_store=self.ports.room_store,
            ban_store=self.ports.ban_store,
            invitation_store=self.ports.invitation_store,
            block_store=self.ports.block_store,
            report_store=self.ports.report_store,
            message_store=self.ports.message_store,
            reaction_store=self.ports.reaction_store,
            mention_store=self.ports.mention_store,
            mail_store=self.ports.mail_store,
            audit_log=self.audit_log,
        )

    @cached_property
    def verification(self) -> Verification:
        return Verification(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            user_store=self.ports.user_store,
            account_links=self.account_links,
            outbox=self.outbox,
            audit_log=self.audit_log,
        )

    @cached_property
    def recovery(self) -> Recovery:
        return Recovery(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            username_key=self.ports.username_key,
            is_common_password=self.ports.is_common_password,
            email_address=self.ports.email_address,
            password_hasher=self.ports.password_hasher,
            user_store=self.ports.user_store,
            session_store=self.ports.session_store,
            account_links=self.account_links,
            outbox=self.outbox,
            sessions=self.sessions,
            throttling=self.throttling,
            administrators=self.administrators,
            audit_log=self.audit_log,
        )

    @cached_property
    def mail_delivery(self) -> MailDelivery:
        return MailDelivery(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            user_store=self.ports.user_store,
            mail_store=self.ports.mail_store,
            account_links=self.account_links,
            outbox=self.outbox,
        )
