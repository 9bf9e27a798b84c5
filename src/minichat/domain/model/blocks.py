"""Blocks of users by others."""

from typing import NamedTuple

from minichat.domain.model.accounts import People
from minichat.domain.model.values import Timestamp
from minichat.domain.paging import Page


class Block(NamedTuple):
    """The block of one user by another."""

    blocker_id: int
    number: int
    """Later blocks by the same user have larger numbers. An id would reveal how many blocks all users have made."""
    blocked_id: int
    blocked_at: Timestamp


class BlockList(NamedTuple):
    page: Page[Block]
    people: People
