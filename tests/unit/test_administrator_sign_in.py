"""Sign-in to the administration: password first, then the code."""

from dataclasses import replace

import pytest

from authenticators import HOME, Administrator
from builders import PASSWORD, Chat, MemoryChat
from minichat.domain.administrator_sign_in import HALF_SIGN_IN_DURATION
from minichat.domain.errors import InvalidCode, InvalidCredentials, SessionEnded, SignInExpired, TooManyAttempts
from minichat.domain.model import DAY, HOUR, AuditEvent, Device, Gate
from minichat.domain.second_factor_codes import STEP
from minichat.domain.throttling import CODE_FAILURES_PER_ACCOUNT, FREE_FAILURES, LONGEST_WAIT_AT_HOME, Throttling

AWAY = Device("curl", "203.0.113.9")


@pytest.fixture
def guarded(chat):
    root = Administrator(chat).sets_up()
    chat.clock.advance(STEP / 1000)
    return root


def events(chat: MemoryChat) -> list[AuditEvent]:
    return [entry.event for entry in chat.memory.store.tables.audit]


def becomes(root, **changes):
    """Change the account in the store."""
    users = root.chat.memory.store.tables.users
    users[root.user.id] = users[root.user.id]._replace(**changes)


class TestCodes:
    def test_the_session_opens_after_the_code(self, guarded):
        sessions = len(guarded.chat.memory.store.tables.sessions)
        half = guarded.enters_password()
        assert len(guarded.chat.memory.store.tables.sessions) == sessions
        guarded.enters_code(half, guarded.app_shows)
        assert len(guarded.chat.memory.store.tables.sessions) == sessions + 1

    def test_a_code_works_once(self, guarded):
        code = guarded.app_shows
        guarded.enters_code(guarded.enters_password(), code)
        with pytest.raises(InvalidCode):
            guarded.enters_code(guarded.enters_password(), code)

    def test_the_code_that_set_the_factor_up_is_used(self, chat):
        root = Administrator(chat).sets_up()
        with pytest.raises(InvalidCode):
            root.enters_code(root.enters_password(), root.app_shows)

    def test_of_two_at_once_one_wins(self, guarded):
        code, half = guarded.app_shows, guarded.enters_password()
        guarded.chat.meanwhile(lambda: guarded.enters_code(half, code))
        with pytest.raises(InvalidCode):
            guarded.enters_code(half, code)

    @pytest.mark.parametrize("seconds", [-30, 30])
    def test_a_clock_that_is_30_seconds_off_gets_in(self, guarded, seconds):
        guarded.chat.clock.advance(90 - seconds)
        code = guarded.app_shows
        guarded.chat.clock.advance(seconds)
        guarded.enters_code(guarded.enters_password(), code)

    @pytest.mark.parametrize("steps", [-2, 2])
    def test_a_clock_that_is_further_off_does_not(self, guarded, steps):
        guarded.chat.clock.advance(steps * STEP / 1000 * 2)
        code = guarded.app_shows
        guarded.chat.clock.advance(-steps * STEP / 1000)
        with pytest.raises(InvalidCode):
            guarded.enters_code(guarded.enters_password(), code)

    def test_a_clock_that_was_set_back_locks_nobody_out(self, guarded):
        guarded.chat.clock.advance(3600)
        guarded.enters_code(guarded.enters_password(), guarded.app_shows)
        guarded.chat.clock.advance(-3600 + 60)
        guarded.enters_code(guarded.enters_password(), guarded.app_shows)

    def test_a_recovery_code_works_once(self, guarded):
        code = guarded.recovery_codes[3].upper().replace("-", " ")
        guarded.enters_code(guarded.enters_password(), code)
        with pytest.raises(InvalidCode):
            guarded.enters_code(guarded.enters_password(), code)
        assert guarded.factors.state(guarded.user.id).recovery_codes_left == 9
        assert AuditEvent.RECOVERY_CODE_USED in events(guarded.chat)

    def test_the_recovery_codes_of_another_open_nothing(self, guarded):
        other = Administrator(guarded.chat, "other").sets_up()
        with pytest.raises(InvalidCode):
            guarded.enters_code(guarded.enters_password(), other.recovery_codes[0])


class TestHalfSignIns:
    def test_it_ends_after_five_minutes(self, guarded):
        half = guarded.enters_password()
        guarded.chat.clock.advance(HALF_SIGN_IN_DURATION / 1000)
        with pytest.raises(SignInExpired):
            guarded.enters_code(half, guarded.app_shows)

    @pytest.mark.parametrize("change", ["password", "disabled", "demoted", "reset"])
    def test_a_change_of_the_account_voids_it(self, guarded, change):
        half, chat = guarded.enters_password(), guarded.chat
        if change == "password":
            chat.services.administration.set_password("root", "another horse battery")
        elif change == "reset":
            guarded.factors.reset("root")
        else:
            becomes(guarded, is_active=change != "disabled", is_superuser=change != "demoted")
        with pytest.raises(SignInExpired):
            guarded.enters_code(half, guarded.app_shows)

    def test_the_right_password_alone_is_in_the_audit_log(self, guarded):
        guarded.enters_password()
        assert events(guarded.chat)[-1] is AuditEvent.CODE_AWAITED

    def test_a_superuser_without_a_factor_needs_no_code(self, chat):
        root = Administrator(chat)
        assert root.gate() is Gate.OPEN

    def test_an_ordinary_account_gets_the_error_of_a_wrong_password(self, chat):
        chat.person("ann")
        with pytest.raises(InvalidCredentials):
            chat.services.administrator_sign_in.enter_password("ann", PASSWORD)

    def test_a_password_that_changes_meanwhile_opens_nothing(self, chat):
        Administrator(chat)
        chat.meanwhile(lambda: chat.services.administration.set_password("root", "another horse battery"))
        with pytest.raises(InvalidCredentials):
            chat.services.administrator_sign_in.enter_password("root", PASSWORD)


class TestGate:
    def test_a_session_that_no_code_proved_stays_outside(self, guarded):
        at_the_api = guarded.person.logs_in()
        assert guarded.gate(at_the_api) is Gate.CLOSED
        assert guarded.gate() is Gate.OPEN

    def test_a_required_factor_opens_the_set_up_alone(self, chat):
        root = Administrator(chat)
        requiring = replace(chat.services.administrator_sign_in, is_required=True)
        assert requiring.gate(root.person.caller) is Gate.SET_UP
        root.sets_up()
        assert requiring.gate(root.person.caller) is Gate.OPEN

    def test_the_factor_guards_again_when_the_right_returns(self, guarded):
        becomes(guarded, is_superuser=False)
        with pytest.raises(InvalidCredentials):
            guarded.chat.services.administrator_sign_in.enter_password("root", PASSWORD)
        becomes(guarded, is_superuser=True)
        assert guarded.enters_password().user_id == guarded.user.id

    def test_ending_the_session_ends_the_way_in(self, guarded):
        guarded.chat.services.administration.log_out("root")
        with pytest.raises(SessionEnded):
            assert guarded.person.caller


class TestThrottling:
    def guess(self, root: Administrator, device: Device) -> None:
        with pytest.raises(InvalidCode):
            root.enters_code(root.enters_password(device), "000000", device)

    def test_wrong_codes_count_as_failed_log_ins(self, guarded):
        for _ in range(FREE_FAILURES):
            self.guess(guarded, AWAY)
        with pytest.raises(TooManyAttempts):
            guarded.chat.services.sessions.log_in("root", PASSWORD, AWAY)
        assert AuditEvent.CODE_REFUSED in events(guarded.chat)

    def test_log_ins_at_the_api_do_not_buy_further_guesses(self, guarded):
        for _ in range(FREE_FAILURES):
            self.guess(guarded, AWAY)
            guarded.chat.services.sessions.log_in("root", PASSWORD, AWAY)
        with pytest.raises(TooManyAttempts):
            guarded.enters_code(guarded.enters_password(AWAY), guarded.app_shows, AWAY)

    def test_all_addresses_together_have_a_limit(self, guarded):
        for number in range(CODE_FAILURES_PER_ACCOUNT):
            self.guess(guarded, Device("curl", f"203.0.113.{number}"))
        elsewhere = Device("curl", "203.0.113.200")
        with pytest.raises(TooManyAttempts):
            guarded.enters_code(guarded.enters_password(elsewhere), guarded.app_shows, elsewhere)

    def test_the_owner_gets_in_where_a_code_was_right_before(self, guarded):
        guarded.enters_code(guarded.enters_password(), guarded.app_shows)
        for number in range(CODE_FAILURES_PER_ACCOUNT):
            self.guess(guarded, Device("curl", f"203.0.113.{number}"))
        guarded.chat.clock.advance(STEP / 1000)
        guarded.enters_code(guarded.enters_password(), guarded.app_shows)

    def test_known_addresses_together_have_a_daily_limit(self, guarded):
        guarded.enters_code(guarded.enters_password(), guarded.next_code)
        for number in range(CODE_FAILURES_PER_ACCOUNT):
            self.guess(guarded, Device(f"curl/{number % 2}", HOME.ip))
            guarded.chat.clock.advance(LONGEST_WAIT_AT_HOME / 1000)
        guarded.chat.clock.advance(HOUR / 1000)
        with pytest.raises(TooManyAttempts):
            guarded.enters_code(guarded.enters_password(), guarded.app_shows)
        guarded.chat.clock.advance(DAY / 1000)
        guarded.enters_code(guarded.enters_password(), guarded.app_shows)

    @pytest.mark.parametrize("device", [HOME, AWAY])
    def test_a_recovery_code_opens_beyond_the_limit_of_the_account(self, guarded, device):
        guarded.enters_code(guarded.enters_password(), guarded.next_code)
        for number in range(CODE_FAILURES_PER_ACCOUNT):
            attacker = HOME if device is HOME else Device("curl", f"203.0.113.{number}")
            self.guess(guarded, attacker)
            guarded.chat.clock.advance(LONGEST_WAIT_AT_HOME / 1000)
        with pytest.raises(TooManyAttempts):
            guarded.enters_code(guarded.enters_password(device), guarded.app_shows, device)
        guarded.enters_code(guarded.enters_password(device), guarded.recovery_codes[0], device)

    def test_a_right_code_forgets_no_failure_of_the_account(self, guarded):
        guarded.enters_code(guarded.enters_password(), guarded.next_code)
        for _ in range(CODE_FAILURES_PER_ACCOUNT // FREE_FAILURES):
            for _ in range(FREE_FAILURES - 1):
                self.guess(guarded, HOME)
            guarded.enters_code(guarded.enters_password(), guarded.next_code)
        for _ in range(CODE_FAILURES_PER_ACCOUNT // FREE_FAILURES):
            self.guess(guarded, HOME)
        with pytest.raises(TooManyAttempts):
            guarded.enters_code(guarded.enters_password(), guarded.next_code)

    def test_a_right_code_forgets_the_failures(self, guarded):
        for _ in range(FREE_FAILURES - 1):
            self.guess(guarded, HOME)
        guarded.enters_code(guarded.enters_password(), guarded.app_shows)
        for _ in range(FREE_FAILURES - 1):
            self.guess(guarded, HOME)
        guarded.chat.clock.advance(STEP / 1000)
        guarded.enters_code(guarded.enters_password(), guarded.app_shows)

    def test_throttling_can_be_off(self, chat: Chat):
        root = Administrator(chat).sets_up()
        off = Throttling(
            transaction=chat.ports.transaction,
            clock=chat.clock,
            attempt_store=chat.ports.attempt_store,
            session_store=chat.ports.session_store,
            is_on=False,
        )
        codes = replace(chat.services.second_factor_codes, throttling=off)
        sign_in = replace(chat.services.administrator_sign_in, throttling=off, second_factor_codes=codes)
        for _ in range(FREE_FAILURES + 1):
            with pytest.raises(InvalidCode):
                sign_in.enter_code(root.enters_password(), "000000", HOME)
