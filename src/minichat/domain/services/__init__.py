"""All services of the domain, wired to one set of ports.

A test builds them on the memory adapters, the application on a database:

    services = build(ports, Lifetimes(), chain_keys=[b"..."])

Each module of this package wires one group, a property for each service. A group inherits from those that it needs, so
that a property can use any service of an earlier group. This package knows no adapter and holds no rule.
"""

from collections.abc import Sequence
from typing import final

from minichat.domain.model import Modes
from minichat.domain.ports import Ports
from minichat.domain.services.operation import OperationServices
from minichat.domain.sessions import Lifetimes


@final
class Services(OperationServices):
    """Every service, built at its first use. A service holds no state of its own."""


def build(
    ports: Ports,
    lifetimes: Lifetimes,
    chain_keys: Sequence[bytes],
    *,
    is_throttled: bool = True,
    requires_second_factor: bool = False,
    modes: Modes = Modes(),
) -> Services:
    """Wire the services to `ports`.

    The successors of refresh tokens derive from `chain_keys`: the current secret first, then its predecessors. With
    `requires_second_factor`, the administration opens only to superusers who have one.
    """
    return Services(
        ports,
        lifetimes,
        chain_keys,
        is_throttled=is_throttled,
        requires_second_factor=requires_second_factor,
        modes=modes,
    )
