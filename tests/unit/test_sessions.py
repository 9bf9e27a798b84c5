"""Log-in, refresh rotation, log-out, password change, presence."""

import hashlib
from functools import partial

import pytest

from builders import CHAIN_KEY, PASSWORD, Chat, MemoryChat, issues_of
from minichat.adapters.memory import PlainPasswords
from minichat.domain.errors import (
    InvalidCredentials,
    InvalidToken,
    RefreshTokenReused,
    SessionEnded,
    TokenExpired,
    Unavailable,
)
from minichat.domain.model import SECOND, Device
from minichat.domain.sessions import Lifetimes

NEW_PASSWORD = "a whole new secret"


@pytest.fixture
def ann(chat):
    return chat.person("ann")


# Log-in


def test_each_log_in_opens_a_session(chat, ann):
    again = ann.logs_in(device=Device("Firefox", "192.0.2.1"))
    assert again.grant.session.id != ann.grant.session.id
    assert (again.caller.session.user_agent, again.caller.session.ip) == ("Firefox", "192.0.2.1")


@pytest.mark.parametrize("username", ["ann", "Ann", " ANN ", "ａｎｎ"])
def test_every_spelling_of_a_username_can_log_in(chat, ann, username):
    user, _ = chat.services.sessions.log_in(username, PASSWORD)
    assert user.id == ann.id


def test_a_password_is_the_same_in_every_unicode_form(chat):
    chat.services.registration.register("eva", "caf\u00e9 au lait")
    user, _ = chat.services.sessions.log_in("eva", "cafe\u0301 au lait")
    assert user.username == "eva"


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD.upper(), PASSWORD + " ", "a\0", "\ud800", "x" * 2000])
def test_a_wrong_password_opens_nothing(chat, ann, password):
    with chat.nothing_changes(), pytest.raises(InvalidCredentials):
        ann.logs_in(password)


@pytest.mark.parametrize("username", ["bob", "", "  ", "an n", "ann\0", "\ud800", "x" * 2000])
def test_a_wrong_name_opens_nothing(chat, ann, username):
    with chat.nothing_changes(), pytest.raises(InvalidCredentials):
        chat.services.sessions.log_in(username, PASSWORD)


@pytest.mark.parametrize(
    ("username", "password", "verified"),
    [
        ("ann", "wrong", ("plain:" + PASSWORD, "wrong")),
        ("bob", "wrong", (None, "wrong")),
        ("", "wrong", (None, "wrong")),
        ("ann", "a\0", (None, "")),
        ("bob", "a\0", (None, "")),
    ],
)
def test_every_failed_log_in_verifies_one_hash(chat, ann, username, password, verified):
    seen = []

    class Passwords:
        def verify(self, password_hash, password):
            seen.append((password_hash, password))
            return False

    with pytest.raises(InvalidCredentials):
        chat.with_ports(password_hasher=Passwords()).services.sessions.log_in(username, password)
    assert seen == [verified]


@pytest.mark.parametrize(
    ("username", "only_superusers"), [("ann", False), ("ann", True), ("bob", True), ("nobody", True)]
)
def test_a_log_in_of_a_disabled_or_ordinary_account_verifies_one_hash(chat, ann, username, only_superusers):
    disable(chat, ann)
    chat.person("bob")
    seen = []

    class Passwords:
        def verify(self, password_hash, password):
            seen.append(password)
            return chat.ports.password_hasher.verify(password_hash, password)

    sessions = chat.with_ports(password_hasher=Passwords()).services.sessions
    for password in (PASSWORD, "wrong"):
        with pytest.raises(InvalidCredentials):
            sessions.recognise(username, password, Device(), only_superusers=only_superusers)
    assert seen == [PASSWORD, "wrong"]


def test_a_log_in_fails_if_the_password_changes_during_verification(chat, ann):
    chat.meanwhile(lambda: chat.services.sessions.change_password(ann.caller, PASSWORD, NEW_PASSWORD))
    with pytest.raises(InvalidCredentials):
        ann.logs_in()
    assert len(chat.memory.store.tables.sessions) == 1


def hash_of(chat, person):
    return chat.ports.user_store.credentials_by_id(person.id).password_hash


class NewScheme(PlainPasswords):
    """Hashes with new parameters, and counts the hashes."""

    def __init__(self):
        super().__init__("new")
        self.hashed = 0

    def hash(self, password):
        self.hashed += 1
        return super().hash(password)


def test_a_log_in_renews_an_old_hash_once_and_ends_no_session(chat):
    chat.services.registration.register("eva", "caf\u00e9 au lait")
    eva, _ = chat.services.sessions.log_in("eva", "caf\u00e9 au lait")
    sessions = dict(chat.memory.store.tables.sessions)
    passwords = NewScheme()
    later = chat.with_ports(password_hasher=passwords)
    for _ in range(2):
        later.services.sessions.log_in("eva", "cafe\u0301 au lait")
        assert hash_of(chat, eva) == "new:caf\u00e9 au lait"
    assert passwords.hashed == 1
    assert sessions.items() <= chat.memory.store.tables.sessions.items()


def test_a_wrong_password_renews_nothing(chat, ann):
    passwords = NewScheme()
    with chat.nothing_changes(), pytest.raises(InvalidCredentials):
        chat.with_ports(password_hasher=passwords).services.sessions.log_in("ann", "wrong")
    assert passwords.hashed == 0


def test_a_log_in_succeeds_though_its_hash_cannot_be_renewed(chat, ann):
    class Busy(NewScheme):
        def hash(self, password):
            raise Unavailable("too busy")

    user, grant = chat.with_ports(password_hasher=Busy()).services.sessions.log_in("ann", PASSWORD)
    assert chat.services.sessions.authenticate(grant.session.id, user.id).user == ann.user
    assert hash_of(chat, ann) == "plain:" + PASSWORD


def test_a_log_in_succeeds_though_the_new_hash_cannot_be_stored(chat, ann):
    class Users:
        def __getattr__(self, name):
            return getattr(chat.ports.user_store, name)

        def change_password(self, user_id, old_hash, new_hash):
            raise Unavailable("too busy")

    later = chat.with_ports(password_hasher=NewScheme(), user_store=Users())
    user, grant = later.services.sessions.log_in("ann", PASSWORD)
    assert chat.services.sessions.authenticate(grant.session.id, user.id).user == ann.user
    assert hash_of(chat, ann) == "plain:" + PASSWORD


def test_a_renewed_hash_does_not_undo_a_password_change(chat, ann):
    class Slow(NewScheme):
        def hash(self, password):
            chat.services.sessions.change_password(ann.caller, PASSWORD, NEW_PASSWORD)
            return super().hash(password)

    chat.with_ports(password_hasher=Slow()).services.sessions.log_in("ann", PASSWORD)
    assert hash_of(chat, ann) == "plain:" + NEW_PASSWORD


def test_a_log_in_succeeds_if_the_hash_is_renewed_during_verification(chat, ann):
    later = chat.with_ports(password_hasher=PlainPasswords("new"))
    chat.meanwhile(lambda: later.services.sessions.log_in("ann", PASSWORD))
    assert ann.logs_in().caller.user.id == ann.id
    assert len(chat.memory.store.tables.sessions) == 3


def test_where_superusers_only_log_in_the_password_of_another_is_a_wrong_one(chat, ann):
    recognise = partial(chat.services.sessions.recognise, device=Device(), only_superusers=True)
    root = chat.services.registration.create_superuser("root", PASSWORD)
    assert recognise("root", PASSWORD)[0].user == root
    with chat.nothing_changes(), pytest.raises(InvalidCredentials):
        recognise("ann", PASSWORD)


def test_a_disabled_account_cannot_log_in(chat, ann):
    disable(chat, ann)
    with chat.nothing_changes(), pytest.raises(InvalidCredentials):
        ann.logs_in()


def test_an_account_disabled_while_its_password_was_verified_cannot_log_in(chat, ann):
    chat.meanwhile(lambda: disable(chat, ann))
    with pytest.raises(InvalidCredentials):
        ann.logs_in()


def disable(chat, person):
    with chat.ports.transaction():
        users = chat.memory.store.writable.users
        users[person.id] = users[person.id]._replace(is_active=False)


def test_a_long_user_agent_is_cut(chat, ann):
    assert ann.logs_in(device=Device("x" * 1000)).grant.session.user_agent == "x" * 400


def test_no_token_is_stored_only_its_hash(chat, ann):
    tokens = chat.memory.store.tables.tokens
    assert list(tokens) == [hashlib.sha256(ann.grant.jti.encode()).hexdigest()]
    assert ann.grant.jti not in repr(chat.memory.store.tables)


# Who calls


def test_a_live_session_identifies_the_caller(chat, ann):
    assert ann.caller.user == ann.user
    assert ann.caller.session == ann.grant.session


def test_a_session_authenticates_its_own_user_only(chat, ann):
    bob = chat.person("bob")
    with pytest.raises(SessionEnded):
        chat.services.sessions.authenticate(ann.grant.session.id, bob.id)


def test_an_unknown_session_has_ended(chat, ann):
    with pytest.raises(SessionEnded):
        chat.services.sessions.authenticate(99, ann.id)


def test_a_session_lives_thirty_days_at_most(chat, ann):
    chat.clock.advance(30 * 86_400 - 1)
    assert ann.caller
    chat.clock.advance(1)
    with pytest.raises(SessionEnded):
        _ = ann.caller


def test_disabling_an_account_ends_its_calls(chat, ann):
    disable(chat, ann)
    with pytest.raises(SessionEnded):
        _ = ann.caller
    with pytest.raises(SessionEnded):
        ann.refreshes()


# Refresh


def test_a_refresh_token_is_exchanged_for_its_successor(chat, ann):
    chat.clock.advance(100)
    grant = ann.refreshes()
    assert grant.jti != ann.grant.jti
    assert grant.session.id == ann.grant.session.id
    assert grant.issued_at == chat.clock()
    assert grant.expires_at == chat.clock() + 7 * 86_400 * SECOND


def test_a_session_can_be_refreshed_repeatedly(chat, ann):
    jtis = [ann.grant.jti]
    for _ in range(5):
        chat.clock.advance(3_600)
        jtis.append(ann.refreshes(jtis[-1]).jti)
    assert len(set(jtis)) == 6


def test_a_refresh_counts_as_use_of_the_session_and_as_presence(chat, ann):
    chat.clock.advance(3_600)
    ann.refreshes()
    assert ann.caller.session.last_used_at == chat.clock()
    assert ann.user.is_online(chat.clock())


def test_an_unknown_refresh_token_changes_nothing(chat, ann):
    with chat.nothing_changes(), pytest.raises(InvalidToken):
        ann.refreshes("never issued")


def test_a_refresh_token_belongs_to_its_session(chat, ann):
    other = ann.logs_in()
    with chat.nothing_changes(), pytest.raises(InvalidToken):
        ann.refreshes(other.grant.jti)


def test_a_refresh_token_expires_after_seven_days(chat, ann):
    chat.clock.advance(7 * 86_400 - 1)
    grant = ann.refreshes()
    chat.clock.advance(7 * 86_400)
    with chat.nothing_changes(), pytest.raises(TokenExpired):
        ann.refreshes(grant.jti)


def test_no_refresh_token_outlives_its_session():
    chat = MemoryChat(Lifetimes(refresh_seconds=100, session_seconds=150))
    ann = chat.person("ann")
    chat.clock.advance(90)
    assert ann.refreshes().expires_at == ann.grant.session.expires_at


# The grace: a lost answer, two tabs


def test_the_same_token_returns_the_same_successor_in_the_grace_period(chat, ann):
    first = ann.refreshes()
    chat.clock.advance(29.999)
    assert ann.refreshes() == first
    assert ann.refreshes() == first


def test_a_repetition_within_the_grace_writes_nothing(chat, ann):
    ann.refreshes()
    chat.clock.advance(10)
    with chat.nothing_changes():
        ann.refreshes()


def test_after_the_grace_the_same_token_is_theft(chat, ann):
    ann.refreshes()
    chat.clock.advance(30)
    with pytest.raises(RefreshTokenReused):
        ann.refreshes()


def test_the_grace_ends_when_the_successor_is_used(chat, ann):
    successor = ann.refreshes()
    ann.refreshes(successor.jti)
    with pytest.raises(RefreshTokenReused):
        ann.refreshes()


def test_the_grace_period_covers_the_parent_of_the_newest_token_only(chat, ann):
    child = ann.refreshes()
    grandchild = ann.refreshes(child.jti)
    assert ann.refreshes(child.jti) == grandchild
    with pytest.raises(RefreshTokenReused):
        ann.refreshes()


def test_a_repetition_does_not_prolong_the_grace(chat, ann):
    ann.refreshes()
    chat.clock.advance(20)
    ann.refreshes()
    chat.clock.advance(10)
    with pytest.raises(RefreshTokenReused):
        ann.refreshes()


def test_a_grace_of_zero_is_strict():
    chat = MemoryChat(Lifetimes(grace_seconds=0))
    ann = chat.person("ann")
    ann.refreshes()
    with pytest.raises(RefreshTokenReused):
        ann.refreshes()


def test_the_successor_cannot_be_computed_without_the_key(chat, ann):
    guess = hashlib.sha256(f"successor of {ann.grant.jti}".encode()).hexdigest()
    assert ann.refreshes().jti != guess


def test_the_key_does_not_show_where_the_service_is_printed(chat):
    for key in (CHAIN_KEY, CHAIN_KEY.hex().encode()):
        assert key.decode() not in repr(chat.services.sessions)


# A change of the key, one host after the other

OLD, NEW = b"the key until today, of 32 bytes", b"the key from now on, of 32 bytes"
STEPS = [
    ([OLD], [OLD, NEW]),
    ([OLD, NEW], [NEW, OLD]),
    ([NEW, OLD], [NEW]),
]
"""What two hosts know while one of them has taken the next step: the current key first."""


def host(chat, keys):
    """Another server on the same store."""
    return Chat(chat.memory.ports, chat.clock, chain_keys=keys)


@pytest.mark.parametrize("keys", [pair for step in STEPS for pair in (step, step[::-1])])
def test_a_lost_answer_is_repeated_by_a_host_that_has_another_key(chat, ann, keys):
    first, second = (host(chat, known).services.sessions for known in keys)
    session_id = ann.grant.session.id
    jti = ann.grant.jti
    for _ in range(3):
        successor = first.refresh(session_id, ann.id, jti)
        assert second.refresh(session_id, ann.id, jti) == successor
        jti = successor.jti
    assert ann.caller


def test_a_change_of_the_key_ends_no_session(chat, ann):
    session_id, jti = ann.grant.session.id, ann.grant.jti
    for step in STEPS:
        for keys in step:
            jti = host(chat, keys).services.sessions.refresh(session_id, ann.id, jti).jti
    assert ann.caller


@pytest.mark.parametrize("keys", [[NEW], [NEW, b"some other key, of 32 bytes also"]])
def test_without_the_key_of_before_a_repetition_looks_like_theft(chat, ann, keys):
    host(chat, [OLD]).services.sessions.refresh(ann.grant.session.id, ann.id, ann.grant.jti)
    with pytest.raises(RefreshTokenReused):
        host(chat, keys).services.sessions.refresh(ann.grant.session.id, ann.id, ann.grant.jti)


@pytest.mark.parametrize("keys", [[OLD, NEW], [NEW, OLD]])
def test_with_two_keys_as_with_one_reuse_is_theft(chat, ann, keys):
    sessions, session_id = host(chat, keys).services.sessions, ann.grant.session.id
    sessions.refresh(session_id, ann.id, sessions.refresh(session_id, ann.id, ann.grant.jti).jti)
    with pytest.raises(RefreshTokenReused):
        sessions.refresh(session_id, ann.id, ann.grant.jti)


# Reuse


def test_reuse_ends_the_session_for_both_holders_of_its_tokens(chat, ann):
    successor = ann.refreshes()
    chat.clock.advance(60)
    with pytest.raises(RefreshTokenReused):
        ann.refreshes()
    with pytest.raises(SessionEnded):
        ann.refreshes(successor.jti)
    with pytest.raises(SessionEnded):
        _ = ann.caller
    assert chat.memory.store.tables.sessions[ann.grant.session.id].ended_at == chat.clock()


def test_reuse_leaves_other_sessions_alone(chat, ann):
    other = ann.logs_in()
    ann.refreshes()
    chat.clock.advance(60)
    with pytest.raises(RefreshTokenReused):
        ann.refreshes()
    assert other.caller
    assert other.refreshes()


# Log-out


def test_log_out_ends_access_and_refresh_at_once(chat, ann):
    chat.services.sessions.log_out(ann.id, ann.grant.session.id)
    with pytest.raises(SessionEnded):
        _ = ann.caller
    with pytest.raises(SessionEnded):
        ann.refreshes()


def test_log_out_ends_the_callers_session_only(chat, ann):
    other = ann.logs_in()
    chat.services.sessions.log_out(ann.id, ann.grant.session.id)
    assert other.caller


def test_logging_out_twice_keeps_the_time_of_the_first(chat, ann):
    chat.services.sessions.log_out(ann.id, ann.grant.session.id)
    chat.clock.advance(10)
    with chat.nothing_changes():
        chat.services.sessions.log_out(ann.id, ann.grant.session.id)


# Password change


def change(person, old=PASSWORD, new=NEW_PASSWORD, **confirm):
    return person.chat.services.sessions.change_password(person.caller, old, new, **confirm)


def test_after_a_change_only_the_new_password_is_valid(chat, ann):
    change(ann)
    assert ann.logs_in(NEW_PASSWORD)
    with pytest.raises(InvalidCredentials):
        ann.logs_in(PASSWORD)


def test_a_password_change_ends_every_other_session(chat, ann):
    phone, bob = ann.logs_in(), chat.person("bob")
    change(ann)
    with pytest.raises(SessionEnded):
        _ = phone.caller
    with pytest.raises(SessionEnded):
        phone.refreshes()
    assert bob.caller


def test_a_password_is_not_changed_where_the_other_sessions_cannot_be_ended(chat, ann):
    class Sessions:
        def __getattr__(self, name):
            return getattr(chat.ports.session_store, name)

        def end_all(self, *_, **__):
            raise Unavailable("too busy")

    phone = ann.logs_in()
    with chat.nothing_changes(), pytest.raises(Unavailable):
        chat.with_ports(session_store=Sessions()).services.sessions.change_password(ann.caller, PASSWORD, NEW_PASSWORD)
    assert ann.logs_in(PASSWORD)
    assert phone.caller


def test_a_password_change_returns_a_new_refresh_token(chat, ann):
    grant = change(ann)
    assert grant.session.id == ann.grant.session.id
    assert ann.caller
    assert ann.refreshes(grant.jti)


def test_after_a_password_change_earlier_refresh_tokens_are_invalid(chat, ann):
    used = ann.refreshes()
    grant = change(ann)
    for jti in (ann.grant.jti, used.jti):
        with pytest.raises(InvalidToken):
            ann.refreshes(jti)
    assert ann.refreshes(grant.jti)


def test_a_wrong_old_password_changes_nothing(chat, ann):
    with chat.nothing_changes():
        assert issues_of(lambda: change(ann, old="wrong")) == {"old_password": ["wrong_password"]}


def test_a_wrong_old_password_and_a_wrong_new_one_are_reported_together(chat, ann):
    issues = {"old_password": ["wrong_password"], "new_password": ["too_short"], "new_password_confirm": ["not_equal"]}
    with chat.nothing_changes():
        assert issues_of(lambda: change(ann, old="wrong", new="short", confirm="other")) == issues
        check = chat.services.sessions.check_password_change
        assert issues_of(lambda: check(ann.caller, old="wrong", new="short", confirm="other")) == issues
        assert issues_of(lambda: check(ann.caller, new="short")) == {"new_password": ["too_short"]}
        assert issues_of(lambda: check(ann.caller, old=PASSWORD)) == {}


@pytest.mark.parametrize(
    ("new", "issue"), [("short", "too_short"), ("x" * 1025, "too_long"), ("12345678\0", "control_characters")]
)
def test_the_new_password_must_be_one(chat, ann, new, issue):
    with chat.nothing_changes():
        assert issues_of(lambda: change(ann, new=new)) == {"new_password": [issue]}


def test_the_new_password_is_not_the_username(chat):
    anna = chat.person("anna.lee")
    assert issues_of(lambda: change(anna, new="Anna.Lee")) == {"new_password": ["password_is_username"]}


def test_the_new_password_may_be_confirmed(chat, ann):
    assert issues_of(lambda: change(ann, confirm="else")) == {"new_password_confirm": ["not_equal"]}
    assert issues_of(lambda: change(ann, confirm=NEW_PASSWORD)) == {}


def test_of_two_password_changes_at_once_the_faster_counts(chat, ann):
    chat.meanwhile(lambda: change(ann, new="the faster secret"))
    assert issues_of(lambda: change(ann)) == {"old_password": ["wrong_password"]}
    assert ann.logs_in("the faster secret")


def test_a_session_that_ended_while_hashing_changes_no_password(chat, ann):
    caller = ann.caller
    chat.meanwhile(lambda: chat.services.sessions.log_out(caller.user.id, caller.session.id))
    with pytest.raises(SessionEnded):
        chat.services.sessions.change_password(caller, PASSWORD, NEW_PASSWORD)
    assert ann.logs_in(PASSWORD)


def test_a_password_change_without_an_account_fails(chat, ann):
    caller = ann.caller
    nobody = caller._replace(user=caller.user._replace(id=99), session=caller.session._replace(id=99))
    with pytest.raises(SessionEnded):
        chat.services.sessions.change_password(nobody, PASSWORD, NEW_PASSWORD)


# Presence


def test_activity_renews_the_presence_lease_and_the_last_use(chat, ann):
    chat.clock.advance(45)
    caller = chat.services.sessions.note_activity(ann.caller)
    assert caller == ann.caller
    assert caller.user.last_seen_at == caller.session.last_used_at == chat.clock()
    chat.clock.advance(59.999)
    assert ann.user.is_online(chat.clock())
    chat.clock.advance(0.001)
    assert not ann.user.is_online(chat.clock())


def test_presence_is_due_for_renewal_after_thirty_seconds(chat, ann):
    assert not chat.services.sessions.is_stale(ann.caller)
    chat.clock.advance(29.999)
    assert not chat.services.sessions.is_stale(ann.caller)
    chat.clock.advance(0.001)
    assert chat.services.sessions.is_stale(ann.caller)


def test_presence_of_somebody_never_seen_is_due(chat, ann):
    caller = ann.caller
    assert chat.services.sessions.is_stale(caller._replace(user=caller.user._replace(last_seen_at=None)))


def test_the_answer_to_a_log_in_shows_the_user_as_online(chat):
    chat.person("ann")
    chat.clock.advance(3_600)
    user, grant = chat.services.sessions.log_in("ann", PASSWORD)
    assert user.last_seen_at == grant.issued_at
    assert user.is_online(chat.clock())
