"""What every group of services builds on: the ports, the settings of the domain, and three services without others."""

import hashlib
import hmac
from collections.abc import Sequence
from functools import cached_property

from minichat.domain.account_links import AccountLinks
from minichat.domain.audit import AuditLog
from minichat.domain.details import DetailReader
from minichat.domain.model import Modes
from minichat.domain.outbox import Outbox
from minichat.domain.ports import Ports
from minichat.domain.sessions import Lifetimes
from minichat.domain.throttling import Throttling


class Foundation:
    """The arguments of `services.build`, and the services that every group uses."""

    def __init__(
        self,
        ports: Ports,
        lifetimes: Lifetimes,
        chain_keys: Sequence[bytes],
        *,
        is_throttled: bool,
        requires_second_factor: bool,
        modes: Modes,
    ) -> None:
        self.ports = ports
        self.lifetimes = lifetimes
        self.chain_keys = tuple(chain_keys)
        self.is_throttled = is_throttled
        self.requires_second_factor = requires_second_factor
        self.modes = modes

    @cached_property
    def audit_log(self) -> AuditLog:
        return AuditLog(
            clock=self.ports.clock,
            audit_store=self.ports.audit_store,
            current_device=self.ports.current_device,
        )

    @cached_property
    def throttling(self) -> Throttling:
        return Throttling(
            transaction=self.ports.transaction,
            clock=self.ports.clock,
            attempt_store=self.ports.attempt_store,
            session_store=self.ports.session_store,
            is_on=self.is_throttled,
        )

    @cached_property
    def account_links(self) -> AccountLinks:
        return AccountLinks(
            clock=self.ports.clock,
            link_store=self.ports.link_store,
            keys=[hmac.new(key, b"account link", hashlib.sha256).digest() for key in self.chain_keys],
        )

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(
            clock=self.ports.clock,
            mail_store=self.ports.mail_store,
            mailer=self.ports.mailer,
        )

    @cached_property
    def detail_reader(self) -> DetailReader:
        return DetailReader(
            user_store=self.ports.user_store,
            reaction_store=self.ports.reaction_store,
            mention_store=self.ports.mention_store,
        )
