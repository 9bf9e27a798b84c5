"""The second factor of administrators: set-up, codes, recovery codes, and the way back in."""

import pytest

from authenticators import Administrator
from builders import PASSWORD, MemoryChat, issues_of
from minichat.adapters.memory import PlainCipher
from minichat.domain.errors import (
    InvalidCode,
    InvalidInput,
    SecondFactorIsOff,
    SecondFactorIsOn,
    SecondFactorUnreadable,
    SessionEnded,
    SetUpExpired,
    TooManyAttempts,
    UserNotFound,
)
from minichat.domain.model import AuditEvent, Device, FactorState, Gate
from minichat.domain.second_factor import SET_UP_DURATION
from minichat.domain.second_factor_codes import RECOVERY_CODES, STEP, typed_code
from minichat.domain.throttling import FREE_FAILURES


@pytest.fixture
def root(chat):
    return Administrator(chat)


@pytest.fixture
def guarded(root):
    return root.sets_up()


def events(chat: MemoryChat) -> list[AuditEvent]:
    return [entry.event for entry in chat.memory.store.tables.audit]


class TestSetUp:
    def test_the_first_code_turns_the_factor_on(self, root):
        root.begins()
        assert root.factors.state(root.user.id) == FactorState(None, 0)
        codes = root.factors.confirm(root.person.caller, root.app_shows)
        assert root.factors.state(root.user.id) == FactorState(root.chat.clock(), RECOVERY_CODES)
        assert len(set(codes)) == RECOVERY_CODES
        assert root.gate() is Gate.OPEN

    def test_a_wrong_first_code_changes_nothing(self, root):
        root.begins()
        with root.chat.nothing_changes():
            assert issues_of(lambda: root.factors.confirm(root.person.caller, "000000")) == {"code": ["wrong_code"]}

    def test_it_needs_the_password(self, root):
        with root.chat.nothing_changes():
            assert issues_of(lambda: root.factors.begin(root.person.caller, "wrong password")) == {
                "password": ["wrong_password"]
            }

    def test_it_expires(self, root):
        root.begins()
        root.chat.clock.advance(SET_UP_DURATION / 1000)
        assert root.factors.set_up_key(root.person.caller, "minichat") is None
        with pytest.raises(SetUpExpired):
            root.factors.confirm(root.person.caller, root.app_shows)

    def test_another_session_neither_sees_the_key_nor_ends_the_set_up(self, root):
        root.begins()
        thief = root.signs_in()
        assert root.factors.set_up_key(thief.caller, "minichat") is None
        with pytest.raises(SetUpExpired):
            root.factors.confirm(thief.caller, root.app_shows)
        assert root.factors.confirm(root.person.caller, root.app_shows)

    def test_a_second_set_up_voids_the_first(self, root):
        root.begins()
        first = root.app_shows
        root.begins()
        assert issues_of(lambda: root.factors.confirm(root.person.caller, first)) == {"code": ["wrong_code"]}

    def test_another_factor_needs_the_first_one_turned_off(self, guarded):
        with pytest.raises(SecondFactorIsOn):
            guarded.factors.begin(guarded.person.caller, PASSWORD)
        with pytest.raises(SecondFactorIsOn):
            guarded.factors.confirm(guarded.person.caller, guarded.next_code)

    def test_it_ends_the_other_sessions_in_the_administration_alone(self, root):
        elsewhere = root.signs_in()
        at_the_api = root.person.logs_in()
        root.sets_up()
        assert root.gate() is Gate.OPEN
        assert at_the_api.caller.user.id == root.user.id
        with pytest.raises(SessionEnded):
            assert elsewhere.caller

    def test_the_key_is_encrypted_and_recovery_codes_are_hashed(self, guarded):
        tables = guarded.chat.memory.store.tables
        assert tables.second_factors[guarded.user.id].secret == f"key:{guarded.secret}"
        assert not {code for _, code in tables.recovery_codes} & {*guarded.recovery_codes}

    def test_a_set_up_without_its_session_does_nothing(self, root):
        root.begins()
        caller = root.person.caller
        root.chat.services.sessions.log_out(root.user.id, caller.session.id)
        with root.chat.nothing_changes(), pytest.raises(SessionEnded):
            root.factors.confirm(caller, root.app_shows)


class TestChanges:
    def test_turning_it_off_needs_the_password_and_a_code(self, guarded):
        off = guarded.factors.turn_off
        code = guarded.next_code
        assert issues_of(lambda: off(guarded.person.caller, "wrong password", code)) == {"password": ["wrong_password"]}
        assert issues_of(lambda: off(guarded.person.caller, PASSWORD, "000000")) == {"code": ["wrong_code"]}
        off(guarded.person.caller, PASSWORD, code)
        assert guarded.factors.state(guarded.user.id) == FactorState(None, 0)
        assert not guarded.chat.memory.store.tables.recovery_codes
        with pytest.raises(SecondFactorIsOff):
            off(guarded.person.caller, PASSWORD, code)

    def test_new_recovery_codes_replace_the_earlier_ones(self, guarded):
        codes = guarded.factors.renew_recovery_codes(guarded.person.caller, PASSWORD, guarded.recovery_codes[0])
        assert not set(codes) & set(guarded.recovery_codes)
        guarded.enters_code(guarded.enters_password(), codes[0])
        with pytest.raises(InvalidCode):
            guarded.enters_code(guarded.enters_password(), guarded.recovery_codes[1])

    def test_an_operator_resets_it_by_name(self, guarded):
        user, is_reset = guarded.factors.reset("ROOT")
        assert (user.id, is_reset) == (guarded.user.id, True)
        assert guarded.factors.reset("root") == (user, False)
        with pytest.raises(SessionEnded):
            assert guarded.person.caller
        assert guarded.gate(guarded.signs_in()) is Gate.OPEN
        with pytest.raises(UserNotFound):
            guarded.factors.reset("nobody")

    def test_each_change_is_in_the_audit_log(self, guarded):
        guarded.factors.renew_recovery_codes(guarded.person.caller, PASSWORD, guarded.next_code)
        guarded.factors.turn_off(guarded.person.caller, PASSWORD, guarded.next_code)
        guarded.sets_up()
        guarded.factors.reset("root")
        assert [event for event in events(guarded.chat) if event.value.startswith("second_factor.")] == [
            AuditEvent.SECOND_FACTOR_SET_UP,
            AuditEvent.RECOVERY_CODES_RENEWED,
            AuditEvent.SECOND_FACTOR_TURNED_OFF,
            AuditEvent.SECOND_FACTOR_SET_UP,
            AuditEvent.SECOND_FACTOR_RESET,
        ]

    def test_the_export_of_ones_data_names_the_factor(self, guarded):
        exported = guarded.chat.services.export.begin(guarded.person.caller)
        assert exported.second_factor == FactorState(guarded.chat.clock(), RECOVERY_CODES)

    def test_an_erased_account_keeps_no_factor(self, guarded):
        Administrator(guarded.chat, "other")
        guarded.chat.services.erasure.erase(guarded.person.caller, PASSWORD)
        tables = guarded.chat.memory.store.tables
        assert [*tables.second_factors, *tables.used_steps, *tables.recovery_codes] == []


class TestServerKey:
    def seen_with(self, root, *keys):
        return root.chat.with_ports(secret_cipher=PlainCipher(*keys))

    def test_a_new_key_decrypts_the_secrets_of_the_previous_one(self, guarded):
        chat = self.seen_with(guarded, "new", "key")
        assert chat.services.second_factors.renew_encryption() == 1
        assert chat.services.second_factors.renew_encryption() == 0
        later = self.seen_with(guarded, "new")
        assert later.services.second_factors.unreadable() == 0
        half = later.services.administrator_sign_in.enter_password("root", PASSWORD)
        later.services.administrator_sign_in.enter_code(half, guarded.next_code)

    def test_without_its_key_a_recovery_code_still_works(self, guarded):
        chat = self.seen_with(guarded, "another")
        assert chat.services.second_factors.unreadable() == 1
        assert chat.services.second_factors.renew_encryption() == 0
        sign_in = chat.services.administrator_sign_in
        half = sign_in.enter_password("root", PASSWORD)
        with pytest.raises(SecondFactorUnreadable):
            sign_in.enter_code(half, guarded.next_code)
        sign_in.enter_code(half, guarded.recovery_codes[0])


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123 456", "123456"),
        (" 123-456\n", "123456"),
        ("１２３４５６", "123456"),
        ("١٢٣٤٥٦", "123456"),
        ("ABCD-EFGH-0O1I-LJKM", "abcdefgh00111jkm"),
        ("", ""),
        ("x" * 10_000, "x" * 100),
    ],
)
def test_a_code_is_read_as_people_type_it(typed, code):
    assert typed_code(typed) == code


def test_guessing_at_a_changed_factor_is_throttled(guarded):
    guarded.chat.clock.advance(STEP / 1000)
    elsewhere = Device("x", "198.51.100.7")
    for _ in range(FREE_FAILURES):
        with pytest.raises(InvalidInput):
            guarded.factors.turn_off(guarded.person.caller, PASSWORD, "000000", elsewhere)
    with pytest.raises(TooManyAttempts):
        guarded.factors.turn_off(guarded.person.caller, PASSWORD, guarded.app_shows, elsewhere)
