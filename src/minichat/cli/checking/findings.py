"""The findings of a check."""

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    OK = "ok"
    WRONG = "wrong"
    """The operator must correct it before people use the chat."""
    NOTE = "note"
    """It may be intended."""


class Finding(NamedTuple):
    verdict: Verdict
    subject: str
    """The subject of the check, in a word or two."""
    sentence: str


def ok(subject: str, sentence: str) -> Finding:
    return Finding(Verdict.OK, subject, sentence)


def wrong(subject: str, sentence: str) -> Finding:
    return Finding(Verdict.WRONG, subject, sentence)


def note(subject: str, sentence: str) -> Finding:
    return Finding(Verdict.NOTE, subject, sentence)


def on_one_line(error: Exception) -> str:
    return " ".join(str(error).split())
