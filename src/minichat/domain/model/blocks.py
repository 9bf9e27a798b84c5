"""Blocks of users by others."""

from typing import NamedTuple

from minichat.domain.model.accounts import People
from minichat.domain.model.values import Timestamp
from minichat.domain.paging import Page


class Block(NamedTuple):
    """The block of one user by another."""

    id: int
    """Later blocks have larger ids."""
    blocker_id: int
    blocked_id: int
    blocked_at: Timestamp


class BlockList(NamedTuple):
    page: Page[Block]
    people: People
