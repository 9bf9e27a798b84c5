"""Links to an account: their tokens, their lifetimes, and their single use.

The token is an HMAC of the link's random seed under the secret key. So the queue of mails holds no token, and the
sender of a mail derives it. An account has at most one link for each purpose: a new one takes the place of the earlier
one. This module knows no mail and no URL.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from minichat.domain.accounts import email_key
from minichat.domain.errors import LinkInvalid
from minichat.domain.model import DAY, HOUR, AccountLink, LinkPurpose, User, is_within
from minichat.domain.ports import Clock, LinkStore
from minichat.domain.secret_tokens import hash_of, new_token

LIFETIMES = {LinkPurpose.RESET: HOUR, LinkPurpose.VERIFY: 3 * DAY}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLinks:
    clock: Clock
    link_store: LinkStore
    keys: Sequence[bytes] = field(repr=False)
    """The current key first, then former keys, from which the links of unsent mails may derive."""

    def make(self, user: User, purpose: LinkPurpose, *, seed: str | None = None, by: int | None = None) -> AccountLink:
        """Make a link, inside a transaction that holds the account. The earlier one for that purpose is void.

        `by` is the administrator who makes it, if there is one.
        """
        now = self.clock()
        seed = seed or new_token()
        token_hash = hash_of(_token(self.keys[0], purpose, seed))
        expires_at = now + LIFETIMES[purpose]
        link = AccountLink(user.id, purpose, seed, token_hash, email_key(user.email), now, expires_at, by)
        self.link_store.put(link)
        return link

    def begin(self, user: User, purpose: LinkPurpose, seed: str) -> str | None:
        """Return the token of a link that is about to be sent, and begin its lifetime now; None if the link is void.

        Call this inside a transaction that holds the account. A link of a former key is renewed with the same token, so
        that a mail that may have arrived before stays valid. If its key is gone, it gets another token.
        """
        link = self.link_store.get(user.id, purpose)
        if link is None or link.seed != seed or link.email_key != email_key(user.email):
            return None
        tokens = [_token(key, purpose, seed) for key in self.keys]
        token = next((one for one in tokens if hash_of(one) == link.token_hash), tokens[0])
        expires_at = self.clock() + LIFETIMES[purpose]
        self.link_store.put(link._replace(token_hash=hash_of(token), expires_at=expires_at))
        return token

    def token_of(self, link: AccountLink) -> str:
        """Return the token of a link that was just made."""
        return _token(self.keys[0], link.purpose, link.seed)

    def open(self, token: str, purpose: LinkPurpose) -> AccountLink:
        """Return the link of a token. Raises LinkInvalid if it is unknown, used, replaced or expired."""
        link = self.link_store.by_hash(hash_of(token))
        if link is None or link.purpose is not purpose or not self._is_current(link):
            raise LinkInvalid
        return link

    def use(self, link: AccountLink) -> None:
        """Use the link up, inside a transaction that holds its account.

        Raises LinkInvalid if a concurrent request was first.
        """
        taken = self.link_store.take(link.token_hash)
        if taken is None or not self._is_current(taken):
            raise LinkInvalid

    def void(self, user_id: int) -> None:
        """Void all links of an account, inside a transaction that holds it: its password or its address has changed."""
        self.link_store.void(user_id)

    def _is_current(self, link: AccountLink) -> bool:
        """Return whether the link has not expired. A clock that was set back does not prolong it by more than once."""
        lifetime = LIFETIMES[link.purpose]
        return is_within(lifetime, link.expires_at - lifetime, self.clock())


def _token(key: bytes, purpose: LinkPurpose, seed: str) -> str:
    """Return 192 bits, in characters that a URL can hold."""
    digest = hmac.new(key, f"{purpose.value} {seed}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()
