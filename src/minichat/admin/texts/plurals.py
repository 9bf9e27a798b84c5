"""Texts with a number, and the form that a number demands."""

from collections.abc import Mapping
from typing import NamedTuple


class Plural(NamedTuple):
    """The forms of a text with a number, by the plural rules of Unicode. English uses `one` and `many`."""

    one: str
    few: str
    many: str


Table = Mapping[str, str | Plural]
"""The texts of one area in one language."""


def counted(one: str, many: str) -> Plural:
    """Return an English text with a number."""
    return Plural(one, many, many)


def form_of(text: Plural, count: int, language: str) -> str:
    """Return the form for a number."""
    if language != "ru":
        return text.one if count == 1 else text.many
    if count % 10 == 1 and count % 100 != 11:
        return text.one
    if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14):
        return text.few
    return text.many
