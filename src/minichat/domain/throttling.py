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
from collections.abc import Iterator, Sequence
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
    """One attempt to log in, and the keys of the attempt counts that it depends on."""

    user_id: int | None
    """The account, if there is one of that name."""
    device: Device
    is_at_home: bool
    """Whether the account has logged in from this address before."""
    pair: str
    """The count of the account with the address, or with the device if the account has logged in with it there."""
    account: str
    address: str

    @property
    def checked(self) -> Sequence[str]:
        """The counts that `Throttling.check` reads."""
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
        network, agent = device.network, device.kept.user_agent
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
        )

    def check(self, guess: Guess) -> None:
        """Raise TooManyAttempts while that account may not be tried from there.

        To be asked twice: before the password is hashed, to save the work, and in the transaction that acts on the
        result, so that of many guesses made at once no more count than of as many in a row.
        """
        if not self.is_on:
            return
        longest = LONGEST_WAIT_AT_HOME if guess.is_at_home else LONGEST_WAIT
        self._refuse_until(self._end_of_wait(self.attempt_store.get(guess.pair), longest))
        if not guess.is_at_home:
            self._refuse_beyond(FAILURES_PER_ACCOUNT, self.attempt_store.get(guess.account))
            self._refuse_beyond(FAILURES_PER_ADDRESS, self.attempt_store.get(guess.address))

    def failed(self, guess: Guess) -> None:
        """Count a wrong password, inside a transaction that holds all counts of the guess."""
        if not self.is_on:
            return
        self._count(guess.pair, DAY)
        self._count(guess.address, HOUR)
        if not guess.is_at_home:
            self._count(guess.account, HOUR)

    def succeeded(self, guess: Guess) -> None:
        """Forget the pair's earlier failures, inside a transaction that holds the checked counts."""
        if self.is_on and self.attempt_store.get(guess.pair) is not None:
            self.attempt_store.forget(guess.pair)

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


def _key(*parts: str) -> str:
    # Hashed for its length: what is typed as a name may be long. Joined by what stands in no part.
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:32]
