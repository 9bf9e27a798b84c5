"""Acts of an operator on accounts, and their audit entries."""

import pytest

from builders import PASSWORD, issues_of
from minichat.domain.errors import InvalidCredentials, SessionEnded, UserNotFound
from minichat.domain.model import AuditEvent

NEW_PASSWORD = "staple battery horse"


@pytest.fixture
def ann(chat):
    return chat.person("ann")


@pytest.fixture
def administration(chat):
    return chat.services.administration


@pytest.fixture
def newest(chat):
    """Return the newest entry of the audit log, in short."""

    def look():
        [entry] = chat.services.audit_log.page(1)
        return entry.event, entry.user_id, entry.actor_id, entry.detail

    return look


def test_disabling_an_account_ends_its_sessions_and_prevents_log_in(administration, ann, newest):
    ann.logs_in()
    assert administration.disable("ann")[1]
    assert newest() == (AuditEvent.DISABLED, ann.id, None, {"ended": 2})
    with pytest.raises(SessionEnded):
        _ = ann.caller
    with pytest.raises(SessionEnded):
        ann.refreshes()
    with pytest.raises(InvalidCredentials):
        ann.logs_in()


def test_enabling_an_account_permits_log_in_but_revives_no_session(administration, ann, newest):
    administration.disable("ann")
    assert administration.enable("ann")[1]
    assert newest() == (AuditEvent.ENABLED, ann.id, None, {})
    assert ann.logs_in().caller.user.is_active
    with pytest.raises(SessionEnded):
        _ = ann.caller


def test_an_act_without_effect_is_not_recorded_again(chat, administration, ann, newest):
    assert not administration.enable("ann")[1]
    administration.disable("ann")
    on_record = chat.services.audit_log.page(9)
    assert not administration.disable("ann")[1]
    assert chat.services.audit_log.page(9) == on_record


def test_a_log_out_by_an_operator_only_ends_the_sessions(administration, ann, newest):
    ann.logs_in()
    assert administration.log_out("ann")[1] == 2
    assert newest() == (AuditEvent.REVOKED, ann.id, None, {"ended": 2})
    with pytest.raises(SessionEnded):
        _ = ann.caller
    assert ann.logs_in().caller
    assert administration.log_out("ann")[1] == 1


def test_a_new_password_replaces_the_old_one_and_ends_all_sessions(administration, ann, newest):
    administration.set_password("ann", NEW_PASSWORD)
    assert newest() == (AuditEvent.PASSWORD_CHANGED, ann.id, None, {"ended": 1})
    with pytest.raises(SessionEnded):
        _ = ann.caller
    with pytest.raises(InvalidCredentials):
        ann.logs_in(PASSWORD)
    assert ann.logs_in(NEW_PASSWORD).caller


def test_a_password_by_an_operator_keeps_to_the_rules(chat, administration, ann):
    with chat.nothing_changes():
        found = issues_of(lambda: administration.set_password("ann", "password"))
        assert found == {"password": ["password_too_common"]}
    assert ann.caller


def test_an_operators_password_replaces_one_that_changed_during_the_request(chat, administration, ann):
    change = chat.services.sessions.change_password
    chat.meanwhile(lambda: change(ann.caller, PASSWORD, "changed by ann herself"))
    administration.set_password("ann", NEW_PASSWORD)
    assert ann.logs_in(NEW_PASSWORD).caller


def test_an_act_is_recorded_with_its_administrator(chat, administration, ann, newest):
    root = chat.services.registration.create_superuser("root", PASSWORD)
    administration.disable("ann", by=root.id)
    assert newest()[:3] == (AuditEvent.DISABLED, ann.id, root.id)


def test_every_spelling_of_a_username_finds_its_account(administration, ann):
    user, _ = administration.disable(" ＡＮＮ ")
    assert user.username == "ann"


@pytest.mark.parametrize("name", ["bob", "", "not a name", "x" * 10_000])
def test_an_unknown_username_is_not_found(chat, administration, ann, name):
    with chat.nothing_is_written():
        for act in (administration.disable, administration.enable, administration.log_out):
            with pytest.raises(UserNotFound):
                act(name)
        with pytest.raises(UserNotFound):
            administration.set_password(name, NEW_PASSWORD)


def test_nothing_is_done_with_an_erased_account(chat, administration, ann):
    chat.services.erasure.erase(ann.caller, PASSWORD)
    remains = f"deleted-user-{ann.id}"
    with chat.nothing_is_written():
        for act in (administration.disable, administration.enable, administration.log_out):
            with pytest.raises(UserNotFound):
                act(remains)
        with pytest.raises(UserNotFound):
            administration.set_password(remains, NEW_PASSWORD)
