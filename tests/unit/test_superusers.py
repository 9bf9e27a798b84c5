"""Superusers: granting, taking back, and the last one."""

from contextlib import contextmanager

import pytest

from builders import PASSWORD
from minichat.domain.errors import LastSuperuser, NotAnAdministrator, SessionEnded, UserNotFound
from minichat.domain.model import AuditEvent
from minichat.domain.participation import LEAVE_BATCH


@pytest.fixture
def superusers(chat):
    return chat.services.superusers


@pytest.fixture
def root(chat, superusers):
    """The only superuser."""
    person = chat.person("root")
    superusers.grant(person.id)
    return person


@pytest.fixture
def newest(chat):
    def look():
        [entry] = chat.services.audit_log.page(1)
        return entry.event, entry.user_id, entry.actor_id

    return look


def test_a_grant_is_recorded_once(chat, superusers, root, ann, newest):
    user, is_new = superusers.grant(ann.id, by=root.id)
    assert (user.is_superuser, is_new) == (True, True)
    assert newest() == (AuditEvent.SUPERUSER_GRANTED, ann.id, root.id)
    before = chat.services.audit_log.page(9)
    assert not superusers.grant(ann.id, by=root.id)[1]
    assert chat.services.audit_log.page(9) == before
    assert ann.caller.user.is_superuser


def test_taking_the_rights_back_ends_all_sessions(chat, superusers, root, ann, newest):
    superusers.grant(ann.id)
    assert superusers.revoke(ann.id, by=root.id)[1]
    assert newest() == (AuditEvent.SUPERUSER_REVOKED, ann.id, root.id)
    with pytest.raises(SessionEnded):
        _ = ann.caller
    assert not ann.logs_in().caller.user.is_superuser
    assert not superusers.revoke(ann.id, by=root.id)[1]


@pytest.mark.parametrize("way", ["demote", "disable", "log out", "end the session", "erase", "set a password"])
def test_each_act_against_an_account_ends_its_live_streams(chat, superusers, root, ann, way):
    superusers.grant(ann.id)
    session_id, administration = ann.caller.session.id, chat.services.administration
    ways = {
        "demote": lambda: superusers.revoke(ann.id, by=root.id),
        "disable": lambda: administration.disable(ann.id, by=root.id),
        "log out": lambda: administration.log_out(ann.id, by=root.id),
        "end the session": lambda: administration.end_session(ann.id, session_id, by=root.id),
        "erase": lambda: chat.services.erasure.erase_account(ann.id, by=root.id),
        "set a password": lambda: administration.set_password(ann.id, "staple battery horse", by=root.id),
    }
    watched = {session_id, root.caller.session.id}
    assert set(chat.services.sessions.live_among(watched)) == watched
    ways[way]()
    assert set(chat.services.sessions.live_among(watched)) == {root.caller.session.id}


@pytest.mark.parametrize("way", ["revoke", "disable", "disable by name", "erase", "erase oneself"])
def test_the_last_enabled_superuser_is_kept_on_every_way(chat, superusers, root, ann, bob, way):
    superusers.grant(ann.id)
    chat.services.administration.disable(ann.id)  # a disabled superuser does not count
    ways = {
        "revoke": lambda: superusers.revoke(root.id),
        "disable": lambda: chat.services.administration.disable(root.id),
        "disable by name": lambda: chat.services.administration.disable("ROOT"),
        "erase": lambda: chat.services.erasure.erase_account(root.id),
        "erase oneself": lambda: chat.services.erasure.erase(root.caller, PASSWORD),
    }
    root.says("still here", in_=root.makes_room(with_=[bob]))
    with chat.nothing_changes(), pytest.raises(LastSuperuser):
        ways[way]()
    assert root.caller.user.is_superuser
    superusers.grant(bob.id)
    ways[way]()
    with pytest.raises(SessionEnded):
        _ = root.caller


def test_a_superuser_who_became_the_last_one_during_the_erasure_is_kept(chat, superusers, root, ann):
    superusers.grant(ann.id)
    chat.meanwhile(lambda: superusers.revoke(ann.id))
    with pytest.raises(LastSuperuser):
        chat.services.erasure.erase_account(root.id)
    assert root.caller.user.is_superuser


@pytest.mark.parametrize("many", ["rooms", "reactions"])
def test_an_erasure_that_is_interrupted_has_left_its_trace(chat, superusers, root, ann, bob, many):
    superusers.grant(ann.id)
    room = root.makes_room(with_=[bob])
    if many == "rooms":
        for number in range(LEAVE_BATCH):
            chat.services.rooms.create(bob.id, f"Room {number}")
    else:
        chat.services.reactions.add(bob.id, root.says("hello", in_=room).message.id, "👍")
    left = []

    @contextmanager
    def transaction(**locks):
        with chat.memory.ports.transaction(**locks):
            yield
        left.append(locks)
        if len(left) == 2:
            superusers.revoke(ann.id)

    with pytest.raises(NotAnAdministrator):
        chat.with_ports(transaction=transaction).services.erasure.erase_account(bob.id, by=ann.id)
    entries = [(one.event, one.user_id, one.actor_id) for one in chat.services.audit_log.page(9)]
    assert (AuditEvent.DELETION_BEGUN, bob.id, ann.id) in entries
    assert bob.user.deleted_at is None


def test_an_account_that_is_no_superuser_is_disabled_and_erased_without_any_superuser(chat, superusers, ann, bob):
    chat.services.administration.disable(ann.id)
    chat.services.erasure.erase_account(bob.id)
    assert not superusers.revoke(ann.id)[1]


@pytest.mark.parametrize("loss", ["disabled", "demoted"])
def test_an_administrator_who_lost_the_rights_meanwhile_changes_nothing(chat, superusers, root, ann, bob, loss):
    superusers.grant(ann.id)
    lose = {"disabled": chat.services.administration.disable, "demoted": superusers.revoke}[loss]
    acts = (
        lambda: superusers.grant(bob.id, by=ann.id),
        lambda: superusers.revoke(root.id, by=ann.id),
        lambda: chat.services.administration.disable(bob.id, by=ann.id),
        lambda: chat.services.administration.enable(bob.id, by=ann.id),
        lambda: chat.services.administration.log_out(bob.id, by=ann.id),
        lambda: chat.services.administration.end_session(bob.id, bob.caller.session.id, by=ann.id),
        lambda: chat.services.erasure.erase_account(bob.id, by=ann.id),
        lambda: chat.services.recovery.make_link(bob.id, by=ann.id),
    )
    lose(ann.id)
    for act in acts:
        with chat.nothing_changes(), pytest.raises(NotAnAdministrator):
            act()


def test_a_disabled_superuser_can_be_demoted(chat, superusers, root, ann):
    superusers.grant(ann.id)
    chat.services.administration.disable(ann.id)
    assert superusers.revoke(ann.id)[1]


def test_an_erased_or_unknown_account_is_not_found(chat, superusers, root, ann):
    chat.services.erasure.erase_account(ann.id)
    for user_id in (ann.id, 99):
        for act in (superusers.grant, superusers.revoke, chat.services.erasure.erase_account):
            with chat.nothing_changes(), pytest.raises(UserNotFound):
                act(user_id)


def test_an_operator_erases_an_account_as_its_user_would(chat, root, ann, bob, newest):
    room = ann.makes_room(with_=[bob])
    ann.says("hello", in_=room)
    chat.services.erasure.erase_account(ann.id, by=root.id)
    assert newest() == (AuditEvent.DELETED, ann.id, root.id)
    assert [message.content for message in bob.history(room).messages] == ["hello"]
    assert chat.services.directory.by_ids([ann.id])[ann.id].username == f"deleted-user-{ann.id}"
