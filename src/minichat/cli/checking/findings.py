"""What a check has found."""

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    OK = "ok"
    WRONG = "wrong"
    """It is to be put right before people use this."""
    NOTE = "note"
    """It may be meant."""


class Finding(NamedTuple):
    verdict: Verdict
    what: str
    """What was looked at, in a word or two."""
    sentence: str


def ok(what: str, sentence: str) -> Finding:
    return Finding(Verdict.OK, what, sentence)


def wrong(what: str, sentence: str) -> Finding:
    return Finding(Verdict.WRONG, what, sentence)


def note(what: str, sentence: str) -> Finding:
    return Finding(Verdict.NOTE, what, sentence)
