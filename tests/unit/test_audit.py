"""The audit log has an entry for each act that happened, and for no other."""

import pytest

from builders import PASSWORD, MemoryChat
from minichat.domain.errors import InvalidInput, RefreshTokenReused, SessionNotFound, UsernameTaken
from minichat.domain.model import AuditEvent, Device

PHONE = Device("Phone/1.0", "192.0.2.7")


@pytest.fixture
def chat():
    return MemoryChat()


@pytest.fixture
def ann(chat):
    return chat.person("ann")


def newest(chat):
    [entry] = chat.services.audit_log.page(1)
    return entry


def test_a_registration_is_on_record_with_its_session(chat):
    user, grant = chat.services.registration.register("bob", PASSWORD, device=PHONE)
    entry = newest(chat)
    assert entry[:6] == (AuditEvent.REGISTERED, chat.clock.now, user.id, user.id, grant.session.id, PHONE)


def test_a_failed_registration_is_not_on_record(chat, ann):
    before = newest(chat)
    with pytest.raises(UsernameTaken):
        chat.services.registration.register("ann", PASSWORD)
    assert newest(chat) == before


def test_a_superuser_is_on_record(chat):
    user = chat.services.registration.create_superuser("root", PASSWORD)
    assert newest(chat)[:5] == (AuditEvent.SUPERUSER_CREATED, chat.clock.now, user.id, None, None)


def test_a_log_in_is_on_record(chat, ann):
    _, grant = chat.services.sessions.log_in("ann", PASSWORD, PHONE)
    assert newest(chat)[:6] == (AuditEvent.LOGGED_IN, chat.clock.now, ann.id, ann.id, grant.session.id, PHONE)


def test_the_rejected_reuse_of_a_refresh_token_is_recorded(chat, ann):
    stolen = ann.grant.jti
    ann.grant = ann.refreshes()
    ann.refreshes()
    with pytest.raises(RefreshTokenReused):
        chat.services.sessions.refresh(ann.grant.session.id, ann.id, stolen, PHONE)
    assert newest(chat)[:6] == (
        AuditEvent.REFRESH_REUSED,
        chat.clock.now,
        ann.id,
        None,
        ann.grant.session.id,
        PHONE,
    )


def test_a_log_out_is_on_record_once(chat, ann):
    for _ in range(2):
        chat.services.sessions.log_out(ann.id, ann.grant.session.id, device=PHONE)
    newest_two = [entry.event for entry in chat.services.audit_log.page(2)]
    assert newest_two == [AuditEvent.LOGGED_OUT, AuditEvent.REGISTERED]


def test_a_revocation_is_on_record(chat, ann):
    caller = ann.caller
    _, grant = chat.services.sessions.log_in("ann", PASSWORD, PHONE)
    chat.services.sessions.revoke(caller, grant.session.id, PHONE)
    assert newest(chat)[:6] == (AuditEvent.REVOKED, chat.clock.now, ann.id, ann.id, grant.session.id, PHONE)


def test_a_session_of_somebody_else_can_not_be_revoked(chat, ann):
    bob = chat.person("bob")
    with chat.nothing_is_written(), pytest.raises(SessionNotFound):
        chat.services.sessions.revoke(ann.caller, bob.grant.session.id)


def test_revoking_other_sessions_records_their_number(chat, ann):
    for _ in range(3):
        chat.services.sessions.log_in("ann", PASSWORD)
    chat.services.sessions.revoke_others(ann.caller, PHONE)
    entry = newest(chat)
    assert (entry.event, entry.detail) == (AuditEvent.OTHERS_REVOKED, {"ended": 3})
    chat.services.sessions.revoke_others(ann.caller, PHONE)
    assert newest(chat) == entry


def test_a_password_change_and_a_refused_one_are_on_record(chat, ann):
    change = chat.services.sessions.change_password
    with pytest.raises(InvalidInput):
        change(ann.caller, "wrong password", "staple battery horse", device=PHONE)
    assert newest(chat)[:6] == (AuditEvent.PASSWORD_REFUSED, chat.clock.now, ann.id, None, None, PHONE)
    change(ann.caller, PASSWORD, "staple battery horse", device=PHONE)
    assert newest(chat)[:6] == (
        AuditEvent.PASSWORD_CHANGED,
        chat.clock.now,
        ann.id,
        ann.id,
        ann.grant.session.id,
        PHONE,
    )


def test_a_room_that_was_handed_over_and_deleted_is_on_record(chat, ann):
    bob = chat.person("bob")
    room = ann.makes_room(with_=[bob])
    ann.leaves(room)
    entry = newest(chat)
    assert (entry.event, entry.user_id, entry.actor_id) == (AuditEvent.ROLE_CHANGED, bob.id, ann.id)
    assert entry.detail == {"room": room.id, "role": "owner"}
    bob.deletes(room)
    assert (newest(chat).event, newest(chat).detail) == (AuditEvent.ROOM_DELETED, {"room": room.id})


def test_only_the_beginning_of_a_long_user_agent_is_kept(chat, ann):
    chat.services.sessions.log_in("ann", PASSWORD, Device("x" * 10_000, "192.0.2.7"))
    assert newest(chat).device == Device("x" * 400, "192.0.2.7")


def test_the_audit_log_contains_no_password_and_no_token(chat, ann):
    chat.services.sessions.log_in("ann", PASSWORD, PHONE)
    ann.grant = ann.refreshes()
    chat.services.sessions.change_password(ann.caller, PASSWORD, "staple battery horse")
    text = repr(chat.services.audit_log.page(200))
    assert all(secret not in text for secret in (PASSWORD, "staple", ann.grant.jti))
