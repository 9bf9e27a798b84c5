"""Accounts that administrators make and edit."""

from dataclasses import replace

import pytest

from builders import PASSWORD, issues_of
from minichat.domain.account_editing import version_of
from minichat.domain.erasure import NAME_KEPT
from minichat.domain.errors import (
    ChangedMeanwhile,
    InvalidCredentials,
    NotAnAdministrator,
    Unavailable,
    UsernameTaken,
    UserNotFound,
)
from minichat.domain.model import AuditEvent, ReportReason

NEW_PASSWORD = "staple battery horse"


@pytest.fixture
def root(chat):
    return chat.services.registration.create_superuser("root", PASSWORD)


@pytest.fixture
def editing(chat, root):
    return chat.services.account_editing


@pytest.fixture
def ann(chat):
    return chat.person("ann", first_name="Ann", last_name="Lee", email="ann@example.org")


@pytest.fixture
def bob(chat):
    return chat.person("bob")


@pytest.fixture
def carl(chat):
    return chat.person("carl")


@pytest.fixture
def newest(chat):
    def look():
        [entry] = chat.services.audit_log.page(1)
        return entry.event, entry.user_id, entry.actor_id, entry.detail

    return look


def stored(chat, person):
    user = chat.ports.user_store.get(person.id)
    return user.username, user.first_name, user.last_name, user.email


def version(chat, person):
    return version_of(chat.ports.user_store.get(person.id))


def test_a_created_account_logs_in_with_its_password(chat, editing, root, newest):
    user = editing.create("dora", NEW_PASSWORD, by=root.id, first_name="Dora", email="dora@example.org")
    assert newest() == (AuditEvent.CREATED, user.id, root.id, {})
    assert not user.is_superuser
    found, _ = chat.services.sessions.log_in("dora", NEW_PASSWORD)
    assert (found.first_name, found.email) == ("Dora", "dora@example.org")


def test_nobody_logs_in_to_an_account_with_a_link_before_its_use(chat, editing):
    link = editing.create_with_link("dora")
    with pytest.raises(InvalidCredentials):
        chat.services.sessions.log_in("dora", "")
    user, _ = chat.services.recovery.confirm(link.token, NEW_PASSWORD)
    assert user.username == "dora"


def test_an_account_and_its_link_are_created_together_or_not_at_all(chat, editing, root):
    class Full:
        def put(self, link):
            raise Unavailable("the disk is full")

    links = replace(chat.services.account_links, link_store=Full())
    failing = replace(editing, recovery=replace(editing.recovery, account_links=links))
    with chat.nothing_changes(), pytest.raises(Unavailable):
        failing.create_with_link("dora", by=root.id)
    link = editing.create_with_link("dora", by=root.id)
    made, created = chat.services.audit_log.page(2)
    assert (created.event, made.event) == (AuditEvent.CREATED, AuditEvent.RESET_LINK_MADE)
    assert {created.user_id, made.user_id} == {link.user.id}
    assert {created.actor_id, made.actor_id} == {root.id}


def test_an_account_is_created_by_the_rules_of_registration(chat, editing, ann):
    with chat.nothing_changes():
        found = issues_of(lambda: editing.create("a", "password", first_name="x" * 200, email="@"))
        assert found.keys() == {"username", "password", "first_name", "email"}
        with pytest.raises(UsernameTaken):
            editing.create("ANN", NEW_PASSWORD)


def test_saving_one_field_keeps_the_others(chat, editing, ann, root, newest):
    editing.edit(ann.id, version(chat, ann), by=root.id, last_name="Smith")
    assert stored(chat, ann) == ("ann", "Ann", "Smith", "ann@example.org")
    assert newest() == (AuditEvent.EDITED, ann.id, root.id, {"fields": "last_name"})
    editing.edit(ann.id, version(chat, ann), first_name="", email="new@example.org")
    assert stored(chat, ann) == ("ann", "", "Smith", "new@example.org")


def test_saving_without_a_change_is_not_recorded(chat, editing, ann):
    with chat.nothing_changes():
        before = chat.services.audit_log.page(9)
        editing.edit(ann.id, version(chat, ann), username="ann", first_name="Ann")
        assert chat.services.audit_log.page(9) == before


def test_the_second_of_two_administrators_learns_of_the_first(chat, editing, ann):
    seen = version(chat, ann)
    editing.edit(ann.id, seen, first_name="Anna")
    with chat.nothing_changes(), pytest.raises(ChangedMeanwhile):
        editing.edit(ann.id, seen, last_name="Smith")
    seen = version(chat, ann)
    chat.meanwhile(lambda: chat.services.directory.edit_profile(ann.id, last_name="Lee-Smith"))
    with pytest.raises(ChangedMeanwhile):
        editing.edit(ann.id, seen, first_name="Anne")
    assert stored(chat, ann) == ("ann", "Anna", "Lee-Smith", "ann@example.org")


def test_another_address_is_not_verified(chat, editing, ann):
    with chat.ports.transaction(account=ann.id):
        chat.ports.user_store.verify_email(ann.id, "ann@example.org", 1)
    assert chat.services.people_lists.search("ANN@example.org").users[0].id == ann.id
    editing.edit(ann.id, version(chat, ann), first_name="Anna")
    assert chat.services.people_lists.search("ann@example.org").users
    editing.edit(ann.id, version(chat, ann), email="new@example.org")
    assert not chat.services.people_lists.search("ann@example.org").users
    assert not chat.services.people_lists.search("new@example.org").users


def test_a_renamed_account_logs_in_by_its_new_name_and_reserves_the_old_one(chat, editing, ann, bob):
    editing.edit(ann.id, version(chat, ann), username="Anna")
    assert chat.services.sessions.log_in("anna", PASSWORD)[0].id == ann.id
    assert [user.id for user in chat.services.people_lists.search("anna").users] == [ann.id]
    with pytest.raises(UsernameTaken):
        chat.person("ann")
    with pytest.raises(UsernameTaken):
        editing.edit(bob.id, version(chat, bob), username="ANNA")
    editing.edit(ann.id, version(chat, ann), username="ANNA")
    chat.clock.advance(seconds=NAME_KEPT // 1_000)
    assert chat.person("ann").id != ann.id


def test_a_username_keeps_to_the_rules(chat, editing, ann):
    with chat.nothing_changes():
        assert issues_of(lambda: editing.edit(ann.id, version(chat, ann), username="a b")) == {
            "username": ["username_characters"]
        }


def test_only_an_administrator_of_the_moment_creates_and_edits(chat, editing, ann, root):
    seen = version(chat, ann)
    chat.services.superusers.grant(ann.id)
    chat.services.superusers.revoke(root.id)
    with chat.nothing_changes():
        with pytest.raises(NotAnAdministrator):
            editing.create("dora", NEW_PASSWORD, by=root.id)
        with pytest.raises(NotAnAdministrator):
            editing.edit(ann.id, seen, by=root.id, first_name="x")


def test_an_erased_account_is_not_found(chat, editing, ann):
    seen = version(chat, ann)
    chat.services.erasure.erase_account(ann.id)
    with pytest.raises(UserNotFound):
        editing.edit(ann.id, seen, first_name="x")
    with pytest.raises(UserNotFound):
        chat.services.people_lists.card(ann.id)


def test_the_card_of_a_person_names_groups_and_counts_direct_chats(chat, ann, bob, carl, root):
    room = ann.makes_room("Tea", private=True, with_=[bob])
    bob.chats_with(ann)
    bob.chats_with(carl)
    message = ann.says("spam", in_=room).message
    chat.services.reports.make(bob.id, message.id, ReportReason.SPAM)
    card = chat.services.people_lists.card(bob.id)
    assert [one.room.name for one in card.groups.items] == ["Tea"]
    assert (card.direct_chats, len(card.sessions.items), len(card.reports_by.items)) == (2, 1, 1)
    assert [head.author_id for head in chat.services.people_lists.card(ann.id).reports_about.items] == [ann.id]
    assert [entry.event for entry in card.audit] == [AuditEvent.REGISTERED]
