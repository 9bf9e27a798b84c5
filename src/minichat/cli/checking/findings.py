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
    what: str
    """The subject of the check, in a word or two."""
    sentence: str


def ok(what: str, sentence: str) -> Finding:
    return Finding(Verdict.OK, what, sentence)


def wrong(what: str, sentence: str) -> Finding:
    return Finding(Verdict.WRONG, what, sentence)


def note(what: str, sentence: str) -> Finding:
    return Finding(Verdict.NOTE, what, sentence)
