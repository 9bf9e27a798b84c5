"""Everything that an answer shows beside its messages and rooms."""

from typing import NamedTuple

from minichat.domain.model.accounts import People


class Details(NamedTuple):
    """The people of an answer, and the marks on its messages, for any number of viewers."""

    people: People
    """Every user whom the answer shows."""
