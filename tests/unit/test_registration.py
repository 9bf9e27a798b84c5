"""Registration."""

import pytest

from builders import PASSWORD, MemoryChat, issues_of
from minichat.domain.errors import InvalidInput, InvitationRequired, RegistrationClosed, UsernameTaken
from minichat.domain.model import Device, Modes, RegistrationMode


def test_registration_opens_a_session(chat):
    user, grant = chat.services.registration.register("ann", PASSWORD, device=Device("Firefox", "192.0.2.1"))
    caller = chat.services.sessions.authenticate(grant.session.id, user.id)
    assert caller.user == user
    assert (caller.session.user_agent, caller.session.ip) == ("Firefox", "192.0.2.1")


def test_a_new_account_is_online(chat):
    user, _ = chat.services.registration.register("ann", PASSWORD)
    assert user.is_online(chat.clock())
    assert chat.services.directory.get(None, user.id) == user


def test_an_account_stores_the_given_fields(chat):
    user, _ = chat.services.registration.register(
        " Ann ", PASSWORD, email="ann@example.org", first_name=" Ann ", last_name="Lee"
    )
    assert user == chat.services.directory.get(None, user.id)
    assert (user.username, user.username_key, user.first_name, user.last_name) == ("Ann", "ann", "Ann", "Lee")
    assert (user.email, user.avatar_url, user.joined_at) == ("ann@example.org", "", chat.clock())
    assert user.is_active
    assert not user.is_superuser


def test_only_the_hash_of_a_password_is_stored(chat):
    user, _ = chat.services.registration.register("ann", "cafe\u0301 au lait")
    credentials = chat.ports.user_store.credentials("ann")
    assert credentials.user.id == user.id
    assert credentials.password_hash == "plain:café au lait"


@pytest.mark.parametrize("name", ["Ann", "ANN", "ａｎｎ", " ann "])
def test_all_spellings_of_a_username_belong_to_one_account(chat, name):
    chat.person("ann")
    with chat.nothing_changes(), pytest.raises(UsernameTaken):
        chat.person(name)


def test_of_two_concurrent_registrations_of_a_name_the_first_succeeds(chat):
    chat.meanwhile(lambda: chat.person("ann"))
    with pytest.raises(UsernameTaken):
        chat.person("Ann")
    assert [user.username for user in chat.memory.store.tables.users.values()] == ["ann"]
    assert len(chat.memory.store.tables.sessions) == 1


def test_a_taken_name_is_reported_before_the_slow_hash(chat):
    chat.person("ann")
    hashed = []

    class Passwords:
        def hash(self, password):
            hashed.append(password)
            return password

    with pytest.raises(UsernameTaken):
        chat.with_ports(password_hasher=Passwords()).person("ann")
    assert hashed == []


def test_the_confirmation_must_equal_the_password(chat):
    def register(confirm):
        return chat.services.registration.register("ann", PASSWORD, password_confirm=confirm)

    assert issues_of(lambda: register("something else")) == {"password_confirm": ["not_equal"]}
    assert issues_of(lambda: register("")) == {"password_confirm": ["not_equal"]}
    assert issues_of(lambda: register(PASSWORD)) == {}


def test_all_issues_of_a_registration_are_reported_together(chat):
    def register():
        return chat.services.registration.register(
            "a!", "short", password_confirm="", email="x", first_name="a\0", last_name="b" * 151
        )

    with chat.nothing_changes():
        assert issues_of(register) == {
            "username": ["too_short", "username_characters"],
            "password": ["too_short"],
            "password_confirm": ["not_equal"],
            "email": ["not_an_email"],
            "first_name": ["control_characters"],
            "last_name": ["too_long"],
        }


def test_the_password_is_not_the_username(chat):
    assert issues_of(lambda: chat.services.registration.register("Anna.Lee", "anna.lee")) == {
        "password": ["password_is_username"]
    }


def test_the_password_is_not_a_common_one(chat):
    with chat.nothing_changes():
        assert issues_of(lambda: chat.services.registration.register("ann", "password")) == {
            "password": ["password_too_common"]
        }


def test_the_username_does_not_mix_scripts(chat):
    with chat.nothing_changes():
        assert issues_of(lambda: chat.person("аnn")) == {"username": ["mixed_scripts"]}


def test_a_check_names_each_given_field_that_breaks_a_rule_and_changes_nothing(chat):
    chat.person("ann")
    check = chat.services.registration.check
    with chat.nothing_changes():
        assert issues_of(lambda: check(username="a", password="short", password_confirm="other", email="@")) == {
            "username": ["too_short"],
            "password": ["too_short"],
            "password_confirm": ["not_equal"],
            "email": ["not_an_email"],
        }
        assert issues_of(lambda: check(username="anna", password="12345678")) == {"password": ["password_too_common"]}
        assert issues_of(lambda: check(password="short")) == {"password": ["too_short"]}
        assert issues_of(lambda: check(last_name="x" * 151)) == {"last_name": ["too_long"]}
        assert issues_of(lambda: check(username="ann", password_confirm="alone")) == {}


def test_creating_a_superuser_opens_no_session(chat):
    user = chat.services.registration.create_superuser("root", PASSWORD, "root@example.org")
    assert user == chat.services.directory.get(None, user.id)
    assert user.is_superuser
    assert chat.memory.store.tables.sessions == {}


def test_a_superuser_keeps_the_same_rules(chat):
    chat.person("ann")
    with chat.nothing_changes():
        with pytest.raises(UsernameTaken):
            chat.services.registration.create_superuser("Ann", PASSWORD)
        with pytest.raises(InvalidInput):
            chat.services.registration.create_superuser("bob", "short")
        with pytest.raises(InvalidInput):
            chat.services.registration.create_superuser("bob", "password")


# Modes


@pytest.fixture(params=RegistrationMode)
def mode(request):
    return request.param


def test_a_closed_server_refuses_every_registration_before_it_looks_at_the_request():
    chat = MemoryChat(modes=Modes(RegistrationMode.CLOSED))
    with chat.nothing_is_written():
        for username, password in (("ann", PASSWORD), ("!", "x")):
            with pytest.raises(RegistrationClosed):
                chat.services.registration.register(username, password)
            with pytest.raises(RegistrationClosed):
                chat.services.registration.register_invited("token", username, password)


@pytest.fixture
def invite_chat():
    """A chat of ann, who is in its only room, that admits holders of an invitation."""
    chat = MemoryChat(modes=Modes(RegistrationMode.INVITE))
    user = chat.services.registration.create_superuser("ann", PASSWORD)
    room = chat.services.rooms.create(user.id, "Tea").view.room
    return chat, chat.services.invitations.create(user.id, room.id, uses=1)


@pytest.mark.parametrize("username", ["ann", "bob", "!"])
def test_without_a_valid_invitation_no_name_is_checked(invite_chat, username):
    chat, _ = invite_chat
    with chat.nothing_is_written():
        with pytest.raises(InvitationRequired):
            chat.services.registration.register(username, PASSWORD)
        with pytest.raises(InvitationRequired):
            chat.services.registration.register_invited("A" * 43, username, PASSWORD)


def test_a_valid_invitation_admits_as_often_as_it_has_uses(invite_chat):
    chat, invitation = invite_chat
    register = chat.services.registration.register_invited
    user, _, shown = register(invitation.token, "bob", PASSWORD)
    assert (user.username, shown.view.room.name) == ("bob", "Tea")
    with chat.nothing_changes(), pytest.raises(InvitationRequired):
        register(invitation.token, "carl", PASSWORD)


def test_a_superuser_is_created_in_every_mode(mode):
    chat = MemoryChat(modes=Modes(mode))
    assert chat.services.registration.create_superuser("root", PASSWORD).is_superuser
