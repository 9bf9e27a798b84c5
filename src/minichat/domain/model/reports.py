"""Reports of messages to the administrators."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from minichat.domain.model.accounts import People
from minichat.domain.model.messages import Message
from minichat.domain.model.rooms import Room
from minichat.domain.model.values import Timestamp
from minichat.domain.paging import Page

SHOWN_OTHERS = 20


class ReportReason(StrEnum):
    SPAM = "spam"
    ABUSE = "abuse"
    OTHER = "other"


class ReportState(StrEnum):
    OPEN = "open"
    DISMISSED = "dismissed"
    ACTED_ON = "acted_on"


class NewReport(NamedTuple):
    message_id: int
    room_id: int
    author_id: int
    """The author of the message."""
    reporter_id: int
    reason: ReportReason
    comment: str
    content: str
    """The content of the message at the time of the report."""
    created_at: Timestamp


class ReportHead(NamedTuple):
    """A report without its texts, as the queue shows it."""

    id: int
    """Later reports have larger ids."""
    message_id: int
    """The message and its room may have been deleted since."""
    room_id: int
    author_id: int
    reporter_id: int | None
    """None if the account that made the report has been erased."""
    reason: ReportReason
    created_at: Timestamp
    state: ReportState
    decided_by: int | None
    """The administrator; None for an open report, and after the administrator's account has been erased."""
    decided_at: Timestamp | None


class Report(NamedTuple):
    head: ReportHead
    comment: str
    content: str


class ReportList(NamedTuple):
    page: Page[ReportHead]
    people: People


class OpenedReport(NamedTuple):
    """A report as an administrator sees it, with the present state of its message."""

    report: Report
    people: People
    room: Room | None
    """None if the room has been removed."""
    message: Message | None
    """The message as it is now, or its tombstone; None if the room has been removed."""
    others: Sequence[ReportHead]
    """Other reports of the same message, the newest first: at most `SHOWN_OTHERS`."""
