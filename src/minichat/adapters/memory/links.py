"""Links to accounts in memory: see `domain.ports.links`."""

from minichat.adapters.memory.store import Store
from minichat.domain.model import AccountLink, LinkPurpose, Timestamp


class MemoryLinkStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, link: AccountLink) -> None:
        self._store.locks.check_account(link.user_id)
        self._store.writable.links[link.user_id, link.purpose] = link

    def get(self, user_id: int, purpose: LinkPurpose) -> AccountLink | None:
        return self._store.tables.links.get((user_id, purpose))

    def by_hash(self, token_hash: str) -> AccountLink | None:
        return next((link for link in self._store.tables.links.values() if link.token_hash == token_hash), None)

    def take(self, token_hash: str) -> AccountLink | None:
        link = self.by_hash(token_hash)
        if link is not None:
            self._store.locks.check_account(link.user_id)
            del self._store.writable.links[link.user_id, link.purpose]
        return link

    def void(self, user_id: int) -> None:
        self._store.locks.check_account(user_id)
        links = self._store.writable.links
        for key in [key for key in links if key[0] == user_id]:
            del links[key]

    def sweep(self, at: Timestamp, limit: int) -> int:
        links = self._store.writable.links
        expired = [key for key, link in links.items() if link.expires_at <= at][:limit]
        for key in expired:
            del links[key]
        return len(expired)
