"""The links that set a new password or verify an address."""

from typing import Protocol

from minichat.domain.model import AccountLink, LinkPurpose, Timestamp


class LinkStore(Protocol):
    """At most one link of each account and purpose. A call that writes needs the lock of the account."""

    def put(self, link: AccountLink) -> None:
        """Store the link in the place of the account's earlier one for that purpose."""

    def get(self, user_id: int, purpose: LinkPurpose) -> AccountLink | None: ...

    def by_hash(self, token_hash: str) -> AccountLink | None: ...

    def take(self, token_hash: str) -> AccountLink | None:
        """Delete the link and return it. Exactly one of any number of concurrent calls returns it."""

    def void(self, user_id: int) -> None:
        """Delete all links of the account."""

    def sweep(self, at: Timestamp, limit: int) -> int:
        """Delete up to `limit` links that had expired at `at`; return how many."""
