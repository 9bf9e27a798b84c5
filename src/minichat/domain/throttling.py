"""Throttling: each failed log-in makes the next attempt of the attacker wait longer, without locking out the owner.

Three counts of failed log-ins exist: per account and address (the pair), per account over all addresses that it has
never logged in from, and per address. The pair limits one attacker. The account limits many attackers together. The
address limits an attacker that tries many usernames.

At an address that the owner has used before, only the pair counts, so an attacker elsewhere can't lock the owner out.
At that address each known device of the owner has a separate pair, all unknown devices share one, and waits stay short.
So an attacker behind the same router can't lock the owner out either.

The counts are in the database: all workers share them, and they survive a restart. Unknown usernames are counted like
all others, so a wait reveals nothing. This module sees no password and no hash.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from minichat.domain.errors import NotAuthenticated, TooManyAttempts
from minichat.domain.model import DAY, HOUR, MINUTE, SECOND, AttemptCount, Device, Timestamp, is_within
from minichat.domain.ports import AttemptStore, Clock, SessionStore, Transaction

FREE_FAILURES = 5
"""Number of failures of a pair before the first wait, which follows the last of them."""
LONGEST_WAIT = 15 * MINUTE
LONGEST_WAIT_AT_HOME = MINUTE
"""The longest wait at an address that the account has logged in from."""
FAILURES_PER_ACCOUNT = 100
"""Failures per hour, from all addresses that the account has never logged in from."""
FAILURES_PER_ADDRESS = 300
"""Failures per hour. Rejected refresh tokens have the same limit and a separate count."""
CODE_FAILURES_PER_ACCOUNT = 20
"""Wrong codes of a second factor per day: from all addresses where a code was right before, and from all others."""
REGISTRATIONS_PER_ADDRESS = 300
"""Registrations per hour. A whole company may register from one address on its first day."""
REFRESHES_PER_SESSION = 600
"""Exchanges of refresh tokens per hour; each of them stores a row."""
RESETS_PER_ADDRESS = 60
"""Requests per hour for a link that sets a new password."""
_SWEPT = 3
"""Number of expired counts that each attempt deletes, so that the total stays bounded."""


class Guess(NamedTuple):
    """One attempt to log in, and the keys of the attempt counts that it depends on."""

    user_id: int | None
    """The account of that name, or None."""
    device: Device
    is_at_home: bool
    """Whether the account has logged in from this address before."""
    pair: str
    """The count of the account with the address, or with the device if the account has logged in with it there."""
    account: str
    address: str
    is_account_limited: bool
    """Whether the count of the account applies."""
    failures_per_account: int = FAILURES_PER_ACCOUNT
    account_window: int = HOUR

    @property
    def checked(self) -> Sequence[str]:
        """The counts that `Throttling.check` reads for a password."""
        return [self.pair] if self.is_at_home else self.all

    @property
    def all(self) -> Sequence[str]:
        """The counts that `Throttling.check` and `Throttling.failed` use."""
        return [self.pair, self.account, self.address]


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttling:
    transaction: Transaction
    clock: Clock
    attempt_store: AttemptStore
    session_store: SessionStore
    is_on: bool = True

    def guess(self, account: str, user_id: int | None, device: Device) -> Guess:
        """Return the guess at an account; `account` is its username key, or the text that can't be a username."""
        network, agent = device.network, device.truncated.user_agent
        # Unknown names are looked up like all others, so that the answer takes the same time.
        is_at_home = self.is_on and self.session_store.is_known(user_id or 0, network)
        is_own_device = self.is_on and self.session_store.is_known(user_id or 0, network, agent)
        return Guess(
            user_id=user_id,
            device=device,
            is_at_home=is_at_home,
            pair=_key("device", account, network, agent) if is_own_device else _key("pair", account, network),
            account=_key("account", account),
            address=_key("address", network),
            is_account_limited=not is_at_home,
        )

    def code_guess(self, account: str, user_id: int, device: Device, is_known: Callable[..., bool]) -> Guess:
        """Return the guess at a code of the account's second factor, with counts of its own.

        `is_known` tells of a network, and of a user agent there, whether a code of the user was ever right from it. An
        address where only the password was right is not known: at the API's log-in that is enough for a session.
        Known addresses have a count of the account too, because a code has only a million values.
        """
        network, agent = device.network, device.truncated.user_agent
        is_at_home = self.is_on and is_known(user_id, network)
        is_own_device = self.is_on and is_known(user_id, network, agent)
        return Guess(
            user_id=user_id,
            device=device,
            is_at_home=is_at_home,
            pair=_key("code device", account, network, agent) if is_own_device else _key("code pair", account, network),
            account=_key("code account at home" if is_at_home else "code account", account),
            address=_key("code address", network),
            is_account_limited=True,
            failures_per_account=CODE_FAILURES_PER_ACCOUNT,
            account_window=DAY,
        )

    def check(self, guess: Guess, *, with_account: bool = True) -> None:
        """Raise TooManyAttempts while the guess has to wait. Without `with_account`, ignore the count of the account.

        The caller checks twice: before it hashes the password, to save the work, and in the transaction that acts on
        the result, so that concurrent guesses get no more attempts than sequential ones.
        """
        if not self.is_on:
            return
        longest = LONGEST_WAIT_AT_HOME if guess.is_at_home else LONGEST_WAIT
        self._refuse_until(self._end_of_wait(self.attempt_store.get(guess.pair), longest))
        if guess.is_account_limited and with_account:
            count = self.attempt_store.get(guess.account)
            self._refuse_beyond(guess.failures_per_account, count, guess.account_window)
        if not guess.is_at_home:
            self._refuse_beyond(FAILURES_PER_ADDRESS, self.attempt_store.get(guess.address))

    def failed(self, guess: Guess) -> None:
        """Count a wrong password, inside a transaction that holds all counts of the guess."""
        if not self.is_on:
            return
        self._count(guess.pair, DAY)
        self._count(guess.address, HOUR)
        if guess.is_account_limited:
            self._count(guess.account, guess.account_window)

    def succeeded(self, guess: Guess) -> None:
        """Forget the pair's earlier failures, inside a transaction that holds the checked counts."""
        if self.is_on and self.attempt_store.get(guess.pair) is not None:
            self.attempt_store.forget(guess.pair)

    def check_registration(self, device: Device) -> None:
        """Raise TooManyAttempts if the address has reached the limit of registrations."""
        if self.is_on:
            self._refuse_beyond(REGISTRATIONS_PER_ADDRESS, self.attempt_store.get(_key("registration", device.network)))

    def count_registration(self, device: Device) -> None:
        """Count a registration, inside the caller's transaction."""
        if self.is_on:
            self._count(_key("registration", device.network), HOUR)

    def check_reset(self, device: Device) -> None:
        """Raise TooManyAttempts if the address has reached the limit of requests for a new password."""
        if self.is_on:
            self._refuse_beyond(RESETS_PER_ADDRESS, self.attempt_store.get(_key("reset", device.network)))

    def count_reset(self, device: Device) -> None:
        """Count a request for a new password, inside the caller's transaction."""
        if self.is_on:
            self._count(_key("reset", device.network), HOUR)

    def count_refresh(self, session_id: int) -> None:
        """Count an exchange of refresh tokens, inside the caller's transaction. Raises TooManyAttempts."""
        if self.is_on:
            count = self._count(_key("refresh", str(session_id)), HOUR)
            self._refuse_beyond(REFRESHES_PER_SESSION + 1, count)

    @contextmanager
    def counting_refused_tokens(self, device: Device) -> Iterator[None]:
        """Count each NotAuthenticated of the block. Beyond the limit, raise TooManyAttempts instead.

        The limit never affects valid tokens from the same address.
        """
        try:
            yield
        except NotAuthenticated:
            if self.is_on:
                key = _key("refused token", device.network)
                self._refuse_beyond(FAILURES_PER_ADDRESS, self.attempt_store.get(key))
                with self.transaction():
                    self._count(key, HOUR)
            raise

    def _count(self, key: str, window: int) -> AttemptCount:
        now = self.clock()
        self.attempt_store.sweep(now, _SWEPT)
        return self.attempt_store.count(key, now, window)

    def _end_of_wait(self, count: AttemptCount | None, longest: int) -> Timestamp:
        """Return the end of a pair's wait: one second after the last free failure, twice as long after each more."""
        now = self.clock()
        if count is None or count.times < FREE_FAILURES or not is_within(DAY, count.since, now):
            return now
        # The exponent is bounded first, because Python would compute 2^1000000.
        wait = min(SECOND << min(count.times - FREE_FAILURES, 20), longest)
        return count.last + wait if is_within(wait, count.last, now) else now

    def _refuse_beyond(self, most: int, count: AttemptCount | None, window: int = HOUR) -> None:
        if count is not None and count.times >= most and is_within(window, count.since, self.clock()):
            self._refuse_until(count.since + window)

    def _refuse_until(self, end: Timestamp) -> None:
        left = end - self.clock()
        if left > 0:
            raise TooManyAttempts(retry_after=-(-left // SECOND))


def _key(*parts: str) -> str:
    # Hashed to bound the length: a typed username may be long. No part contains the separator.
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:32]
