"""Throttling: who guesses waits, longer each time, and nobody else does.

Failed log-ins are counted three ways: for an account from an address (the pair), for an account from addresses that it
has never logged in from, and for an address. The pair slows one guesser down, the account many who share the work, the
address one who tries many names. An address that the owner has logged in from answers to its pair alone, so nobody
elsewhere can keep the owner out. Somebody behind the same router can't either: there, each device that the owner has
logged in with is a pair of its own, all others are one together, and a wait stays short.

The counts lie in the database: all workers share them and a restart forgets none. A name that nobody has is counted
like any other, so a wait tells nothing about it.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from minichat.domain.errors import NotAuthenticated, TooManyAttempts
from minichat.domain.model import DAY, HOUR, MINUTE, SECOND, AttemptCount, Device, Timestamp
from minichat.domain.ports import AttemptStore, Clock, SessionStore, Transaction

FREE_FAILURES = 5
"""How many failures of a pair cost nothing; the first wait follows the last of them."""
LONGEST_WAIT = 15 * MINUTE
LONGEST_WAIT_AT_HOME = MINUTE
"""The longest wait at an address that the account has logged in from."""
FAILURES_PER_ACCOUNT = 100
"""An hour, from all addresses that the account has never logged in from."""
FAILURES_PER_ADDRESS = 300
"""An hour; of refresh tokens as many again."""
REGISTRATIONS_PER_ADDRESS = 300
"""An hour. A company may come from one address on its first day."""
REFRESHES_PER_SESSION = 600
"""An hour, each of which leaves a row."""
_SWEPT = 3
"""How many tallies that are over go with each new one, so that their number does not grow for ever."""


class Guess(NamedTuple):
    """A password that somebody tries."""

    account: str
    """The username's key, or what was typed where that can't be a name."""
    user_id: int | None
    """Whose it is, if there is such an account."""
    device: Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttling:
    transaction: Transaction
    clock: Clock
    attempt_store: AttemptStore
    session_store: SessionStore
    is_on: bool = True

    def check(self, guess: Guess) -> None:
        """Raise TooManyAttempts while that account may not be tried from there.

        To be asked twice: before the password is hashed, to save the work, and in the transaction that acts on the
        result, so that of many guesses made at once no more count than of as many in a row.
        """
        if not self.is_on:
            return
        is_at_home = self._is_at_home(guess)
        longest = LONGEST_WAIT_AT_HOME if is_at_home else LONGEST_WAIT
        self._refuse_until(self._end_of_wait(self.attempt_store.get(self._pair(guess)), longest))
        if not is_at_home:
            self._refuse_beyond(FAILURES_PER_ACCOUNT, self.attempt_store.get(_account(guess)))
            self._refuse_beyond(FAILURES_PER_ADDRESS, self.attempt_store.get(_address(guess)))

    def failed(self, guess: Guess) -> None:
        """Count a wrong password, inside the caller's transaction."""
        if not self.is_on:
            return
        self._count(self._pair(guess), DAY)
        self._count(_address(guess), HOUR)
        if not self._is_at_home(guess):
            self._count(_account(guess), HOUR)

    def succeeded(self, guess: Guess) -> None:
        """Forget what this pair has got wrong before: inside the caller's transaction, before its session is opened."""
        pair = self._pair(guess)
        if self.is_on and self.attempt_store.get(pair) is not None:
            self.attempt_store.forget(pair)

    def check_registration(self, device: Device) -> None:
        """Raise TooManyAttempts when enough accounts were asked for from that address."""
        if self.is_on:
            self._refuse_beyond(REGISTRATIONS_PER_ADDRESS, self.attempt_store.get(_key("registration", device.network)))

    def count_registration(self, device: Device) -> None:
        """Count one, inside the caller's transaction."""
        if self.is_on:
            self._count(_key("registration", device.network), HOUR)

    def count_refresh(self, session_id: int) -> None:
        """Count an exchange of refresh tokens, inside the caller's transaction. Raises TooManyAttempts."""
        if self.is_on:
            tally = self._count(_key("refresh", str(session_id)), HOUR)
            self._refuse_beyond(REFRESHES_PER_SESSION + 1, tally)

    @contextmanager
    def counting_refused_tokens(self, device: Device) -> Iterator[None]:
        """Count the block's failure if it is NotAuthenticated; raise TooManyAttempts for it when there are too many.

        Tokens that are good pass, however many bad ones came from the same address.
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

    def _is_at_home(self, guess: Guess) -> bool:
        # Asked of nobody, too: a name that there is must not take longer than one that there is not.
        return self.session_store.is_known(guess.user_id or 0, guess.device.network)

    def _pair(self, guess: Guess) -> str:
        """The key of the account with the address, or with the device if it is known there."""
        network, agent = guess.device.network, guess.device.kept.user_agent
        if self.session_store.is_known(guess.user_id or 0, network, agent):
            return _key("device", guess.account, network, agent)
        return _key("pair", guess.account, network)

    def _count(self, key: str, window: int) -> AttemptCount:
        now = self.clock()
        self.attempt_store.sweep(now, _SWEPT)
        return self.attempt_store.count(key, now, window)

    def _end_of_wait(self, tally: AttemptCount | None, longest: int) -> Timestamp:
        """Until when a pair waits: a second after its fifth failure, then twice as long after each."""
        now = self.clock()
        if tally is None or tally.times < FREE_FAILURES or now - tally.since >= DAY:
            return now
        # The exponent is bounded first: 2^1000000 is a number, too.
        wait = min(SECOND << min(tally.times - FREE_FAILURES, 20), longest)
        return min(tally.last, now) + wait  # a clock that was set back makes nobody wait longer

    def _refuse_beyond(self, most: int, tally: AttemptCount | None) -> None:
        if tally is not None and tally.times >= most:
            self._refuse_until(min(tally.since, self.clock()) + HOUR)

    def _refuse_until(self, end: Timestamp) -> None:
        left = end - self.clock()
        if left > 0:
            raise TooManyAttempts(retry_after=-(-left // SECOND))


def _account(guess: Guess) -> str:
    return _key("account", guess.account)


def _address(guess: Guess) -> str:
    return _key("address", guess.device.network)


def _key(*parts: str) -> str:
    # Hashed for its length: what is typed as a name may be long. Joined by what stands in no part.
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:32]
