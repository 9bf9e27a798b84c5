"""Everything that an answer shows beside its messages and rooms."""

from collections.abc import Collection
from typing import NamedTuple

from minichat.domain.model.accounts import People


class Details(NamedTuple):
    """The people of an answer, and the marks on its messages, for any number of viewers."""

    people: People
    """Every user whom the answer shows."""
    blocks: Collection[tuple[int, int]] = frozenset()
    """Pairs of a viewer and a user of the answer whom the viewer blocks."""

    def blocked_by(self, viewer_id: int) -> Collection[int]:
        """Return the users of the answer whom the viewer blocks."""
        return {blocked_id for blocker_id, blocked_id in self.blocks if blocker_id == viewer_id}
