"""An attacker who guesses waits; the owner of the account can log in."""

from typing import Any

import pytest

from builders import PASSWORD, MemoryChat
from minichat.domain.errors import (
    InvalidCredentials,
    InvalidInput,
    InvalidToken,
    TooManyAttempts,
    UsernameTaken,
)
from minichat.domain.model import DAY, HOUR, MAX_USER_AGENT_LENGTH, AuditEvent, Device
from minichat.domain.throttling import (
    FAILURES_PER_ACCOUNT,
    FAILURES_PER_ADDRESS,
    FREE_FAILURES,
    LONGEST_WAIT,
    LONGEST_WAIT_AT_HOME,
    REFRESHES_PER_SESSION,
    REGISTRATIONS_PER_ADDRESS,
)

HOME = Device("Firefox", "192.0.2.1")
AWAY = Device("curl", "198.51.100.9")
SECONDS_AN_HOUR = HOUR // 1000


@pytest.fixture
def chat():
    return MemoryChat()


@pytest.fixture
def ann(chat):
    """A user who has logged in at home before."""
    ann = chat.person("ann")
    chat.services.sessions.log_in("ann", PASSWORD, HOME)
    return ann


def tries(chat, password="wrong password", *, name="ann", device=AWAY):
    """Try to log in; return True, False, or the seconds to wait."""
    try:
        chat.services.sessions.log_in(name, password, device)
    except InvalidCredentials:
        return False
    except TooManyAttempts as error:
        return error.retry_after
    return True


def fails(chat, times, **how):
    """Fail so many times, and wait whenever necessary."""
    for _ in range(times):
        wait = tries(chat, **how)
        if wait is not False:
            chat.clock.advance(wait)
            assert tries(chat, **how) is False


def elsewhere(number):
    return Device("curl", f"203.0.{number // 250}.{number % 250}")


def test_five_failures_cost_nothing_and_then_the_wait_doubles(chat, ann):
    waits = []
    fails(chat, FREE_FAILURES)
    for _ in range(13):
        waits.append(tries(chat))
        chat.clock.advance(waits[-1])
        assert tries(chat) is False
    longest = LONGEST_WAIT // 1000
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, longest, longest, longest]


def test_the_right_password_is_not_checked_during_the_wait(chat, ann):
    fails(chat, FREE_FAILURES)
    assert tries(chat, PASSWORD) == 1
    chat.clock.advance(1)
    assert tries(chat, PASSWORD) is True


def test_a_guess_during_the_wait_does_not_prolong_it(chat, ann):
    fails(chat, FREE_FAILURES + 3)
    assert [tries(chat) for _ in range(20)] == [8] * 20
    chat.clock.advance(7.5)
    assert tries(chat) == 1


def test_a_log_in_resets_earlier_failures(chat, ann):
    fails(chat, FREE_FAILURES - 1)
    assert tries(chat, PASSWORD) is True
    fails(chat, FREE_FAILURES)
    assert tries(chat) == 1


def test_a_log_in_does_not_reset_the_failures_of_the_address(chat):
    chat.person("eve")
    assert tries(chat, PASSWORD, name="eve") is True
    for number in range(FAILURES_PER_ADDRESS - 2):
        tries(chat, name=f"name{number}")
    assert tries(chat, name="eve") is False
    assert tries(chat, PASSWORD, name="eve") is True
    assert tries(chat, name="the last") is False
    assert tries(chat, name="one more") == SECONDS_AN_HOUR


def test_a_log_in_of_the_owner_does_not_reset_failures_from_elsewhere(chat, ann):
    for number in range(FAILURES_PER_ACCOUNT - 2):
        tries(chat, device=elsewhere(number))
    assert tries(chat, device=AWAY) is False
    assert tries(chat, PASSWORD, device=AWAY) is True
    assert tries(chat, device=elsewhere(1000)) is False
    assert tries(chat, device=elsewhere(1001)) == SECONDS_AN_HOUR


def test_a_guess_during_the_wait_is_not_hashed(chat, ann):
    class NotToBeAsked:
        def verify(self, password_hash, password):
            raise AssertionError("it was hashed")

    fails(chat, FREE_FAILURES)
    assert tries(chat.with_ports(password_hasher=NotToBeAsked()), PASSWORD) == 1


def test_a_day_later_the_count_begins_anew(chat, ann):
    fails(chat, FREE_FAILURES + 5)
    chat.clock.advance(DAY // 1000)
    assert [tries(chat) for _ in range(FREE_FAILURES)] == [False] * FREE_FAILURES
    assert tries(chat) == 1


def test_other_accounts_and_other_addresses_do_not_wait(chat, ann):
    chat.person("bob")
    fails(chat, FREE_FAILURES)
    assert tries(chat) == 1
    assert tries(chat, name="bob") is False
    assert tries(chat, device=elsewhere(1)) is False


def test_an_unknown_username_is_counted_like_all_others(chat, ann):
    def answers(name):
        return [tries(chat, name=name) for _ in range(FREE_FAILURES + 2)]

    assert answers("ann") == answers("nobody") == answers("not a name\x00")


def test_an_unknown_username_causes_the_same_look_ups(chat, ann):
    """The answer takes the same time as any other."""
    asked = []

    class Sessions:
        def __getattr__(self, name):
            asked.append(name)
            return getattr(chat.ports.session_store, name)

    watched = chat.with_ports(session_store=Sessions())
    lists = []
    for name in ("ann", "nobody", "not a name\x00"):
        asked.clear()
        assert tries(watched, name=name) is False
        lists.append(list(asked))
    assert lists[0] == lists[1] == lists[2] != []


def test_one_account_under_all_forms_of_its_name(chat, ann):
    for name in ("ann", "ANN", "Ann", "ａｎｎ", " ann "):
        assert tries(chat, name=name) is False
    assert tries(chat) == 1


def test_many_attackers_of_one_account_have_to_wait(chat, ann):
    for number in range(FAILURES_PER_ACCOUNT):
        assert tries(chat, device=elsewhere(number)) is False
    assert tries(chat, device=elsewhere(1000)) == SECONDS_AN_HOUR
    assert tries(chat, PASSWORD, device=elsewhere(1001)) == SECONDS_AN_HOUR
    chat.clock.advance(SECONDS_AN_HOUR)
    assert tries(chat, PASSWORD, device=elsewhere(1001)) is True


def test_the_owner_can_log_in_at_a_known_address_during_an_attack(chat, ann):
    for number in range(FAILURES_PER_ACCOUNT):
        tries(chat, device=elsewhere(number))
    assert tries(chat, PASSWORD, device=HOME) is True


def test_the_owner_gets_in_though_somebody_behind_the_same_address_tries_many_names(chat, ann):
    for number in range(FAILURES_PER_ADDRESS):
        assert tries(chat, name=f"name{number}", device=HOME) is False
    assert tries(chat, name="one more", device=HOME) == SECONDS_AN_HOUR
    assert tries(chat, PASSWORD, device=HOME) is True


def test_at_a_known_address_no_wait_is_long(chat, ann):
    fails(chat, 30, device=HOME)
    assert tries(chat, PASSWORD, device=HOME) == LONGEST_WAIT_AT_HOME // 1000
    chat.clock.advance(LONGEST_WAIT_AT_HOME / 1000)
    assert tries(chat, PASSWORD, device=HOME) is True


NEIGHBOUR = HOME._replace(user_agent="curl")


def test_a_guessing_neighbour_does_not_delay_known_devices(chat, ann):
    fails(chat, 30, device=NEIGHBOUR)
    assert tries(chat, device=NEIGHBOUR) == LONGEST_WAIT_AT_HOME // 1000
    assert tries(chat, PASSWORD, device=HOME) is True


def test_a_log_in_of_the_owner_does_not_reset_the_neighbours_failures(chat, ann):
    fails(chat, FREE_FAILURES + 3, device=NEIGHBOUR)
    assert tries(chat, PASSWORD, device=HOME) is True
    assert tries(chat, device=NEIGHBOUR) == 8


def test_all_devices_at_a_known_address_that_are_not_known_count_together(chat, ann):
    for number in range(FREE_FAILURES):
        assert tries(chat, device=HOME._replace(user_agent=f"guesser {number}")) is False
    assert tries(chat, device=HOME._replace(user_agent="one more")) == 1


def test_a_guess_on_a_known_device_delays_that_device(chat, ann):
    fails(chat, FREE_FAILURES, device=HOME)
    assert tries(chat, PASSWORD, device=HOME) == 1


def test_a_device_is_recognised_by_its_stored_user_agent(chat, ann):
    device = HOME._replace(user_agent="x" * MAX_USER_AGENT_LENGTH + " of today")
    assert tries(chat, PASSWORD, device=device) is True
    fails(chat, FREE_FAILURES, device=NEIGHBOUR)
    assert tries(chat, PASSWORD, device=HOME._replace(user_agent="x" * MAX_USER_AGENT_LENGTH + " of tomorrow")) is True


def test_a_log_in_on_a_new_device_resets_earlier_failures_there(chat, ann):
    fails(chat, FREE_FAILURES, device=NEIGHBOUR)
    chat.clock.advance(1)
    assert tries(chat, PASSWORD, device=NEIGHBOUR) is True
    assert tries(chat, device=HOME._replace(user_agent="another")) is False


def test_failures_at_a_known_address_do_not_count_for_unknown_addresses(chat, ann):
    fails(chat, 5, device=HOME)
    for number in range(FAILURES_PER_ACCOUNT):
        assert tries(chat, device=elsewhere(number)) is False


def test_an_address_that_tries_many_usernames_has_to_wait(chat):
    for number in range(FAILURES_PER_ADDRESS):
        assert tries(chat, name=f"name{number}") is False
    assert tries(chat, name="one more") == SECONDS_AN_HOUR


def test_all_addresses_of_one_ipv6_network_are_one(chat, ann):
    for number in range(FREE_FAILURES):
        assert tries(chat, device=Device("", f"2001:db8::{number:x}")) is False
    assert tries(chat, device=Device("", "2001:db8::ffff:1")) == 1
    assert tries(chat, device=Device("", "2001:db8:0:1::1")) is False


def test_concurrent_guesses_get_no_more_attempts_than_sequential_ones(chat, ann):
    """Other guesses fail while one password is hashed: its result is the same as after them."""

    class HashingTakesTime:
        def verify(self, password_hash, password):
            if not meanwhile:
                meanwhile.append(True)
                fails(chat, FREE_FAILURES)
            return chat.ports.password_hasher.verify(password_hash, password)

    caller = ann.caller
    slow = chat.with_ports(password_hasher=HashingTakesTime())
    meanwhile: list[Any]
    for password in (PASSWORD, "wrong password"):
        meanwhile = []
        assert tries(slow, password) == 1
        chat.clock.advance(DAY / 1000)
    for password in (PASSWORD, "wrong password"):
        meanwhile = []
        with pytest.raises(TooManyAttempts):
            slow.services.sessions.change_password(caller, password, "staple battery", device=AWAY)
        chat.clock.advance(DAY / 1000)
    assert tries(chat, PASSWORD) is True


def test_a_password_asked_for_again_is_throttled_as_at_the_door(chat, ann):
    sessions, caller = chat.services.sessions, ann.caller
    for _ in range(FREE_FAILURES):
        with pytest.raises(InvalidInput):
            sessions.change_password(caller, "wrong password", "staple battery", device=AWAY)
    with pytest.raises(TooManyAttempts):
        sessions.change_password(caller, PASSWORD, "staple battery", device=AWAY)
    assert tries(chat, PASSWORD) == 1


def test_registrations_from_one_address_are_limited(chat):
    register = chat.services.registration.register
    for number in range(REGISTRATIONS_PER_ADDRESS - 1):
        register(f"user{number}", PASSWORD, device=AWAY)
    with pytest.raises(UsernameTaken):
        register("user1", PASSWORD, device=AWAY)
    with chat.nothing_changes(), pytest.raises(TooManyAttempts):
        register("one.more", PASSWORD, device=AWAY)
    register("somebody.else", PASSWORD, device=HOME)
    chat.clock.advance(SECONDS_AN_HOUR)
    register("one.more", PASSWORD, device=AWAY)


def test_invalid_refresh_tokens_are_limited_and_valid_ones_are_not(chat, ann):
    throttling = chat.services.throttling

    def refused():
        with throttling.counting_refused_tokens(HOME):
            raise InvalidToken

    for _ in range(FAILURES_PER_ADDRESS):
        with pytest.raises(InvalidToken):
            refused()
    with chat.nothing_is_written(), pytest.raises(TooManyAttempts):
        refused()
    with throttling.counting_refused_tokens(HOME):
        ann.refreshes()


def test_refreshes_of_one_session_are_limited(chat, ann):
    for _ in range(REFRESHES_PER_SESSION):
        ann.grant = ann.refreshes()
    with chat.nothing_changes(), pytest.raises(TooManyAttempts):
        ann.refreshes()
    chat.clock.advance(SECONDS_AN_HOUR)
    ann.refreshes()


def test_expired_attempt_counts_do_not_pile_up(chat):
    for number in range(200):
        tries(chat, name=f"name{number}", device=elsewhere(number))
    chat.clock.advance(DAY / 1000)
    for _ in range(200):
        tries(chat, name="same")
        chat.clock.advance(1000)
    assert len(chat.memory.store.tables.attempts) < 5


def test_disabled_throttling_counts_nothing():
    chat = MemoryChat(is_throttled=False)
    chat.person("ann")
    assert [tries(chat) for _ in range(50)] == [False] * 50
    assert tries(chat, PASSWORD) is True
    assert chat.memory.store.tables.attempts == {}


def test_failures_are_recorded_without_the_typed_text(chat, ann):
    tries(chat, "my real secret", name="ann")
    tries(chat, "my real secret", name="my real secret")
    entries = chat.services.audit_log.page(2)
    assert [(entry.event, entry.user_id, entry.device) for entry in entries] == [
        (AuditEvent.LOG_IN_FAILED, None, AWAY),
        (AuditEvent.LOG_IN_FAILED, ann.id, AWAY),
    ]
    assert "my real secret" not in repr(chat.memory.store.tables)
