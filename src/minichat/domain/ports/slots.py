"""A bounded number of streams for each user."""

from typing import Protocol


class StreamSlots(Protocol):
    """Numbered slots: a user needs one for each open stream, over all workers."""

    def acquire(self, user_id: int) -> int | None:
        """Acquire a free slot of the user and return its number, or None if the user has no free slot."""

    def release(self, user_id: int, number: int) -> None:
        """Release a slot that this process acquired."""
