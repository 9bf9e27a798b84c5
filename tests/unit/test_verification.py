"""Verified addresses: by a link in a mail, one account for each."""

import pytest

from builders import ADDRESS, PASSWORD, MailingChat, issues_of
from minichat.domain.errors import EmailTaken, LinkInvalid, TooManyAttempts
from minichat.domain.model import DAY, SECOND, AuditEvent, MailKind, MailOutcome


@pytest.fixture
def chat():
    return MailingChat()


def changes_address(chat, person, address, password=PASSWORD):
    proof = chat.services.sessions.verify_password(person.caller, password, "password")
    return chat.services.directory.edit_profile(person.id, email=address, proof=proof, language="ru")


def test_registration_sends_a_link_that_verifies_the_address(chat):
    ann = chat.person("ann", email=ADDRESS)
    assert chat.delivers() == [MailOutcome.SENT]
    [letter] = chat.letters
    assert (letter.kind, letter.address, letter.username) == (MailKind.VERIFY, ADDRESS, "ann")
    assert ann.user.email_verified_at is None
    assert chat.services.verification.verify(letter.token) == ann.user
    assert ann.user.email_verified_at == chat.clock()
    [entry] = chat.services.audit_log.page(1)
    assert (entry.event, entry.user_id) == (AuditEvent.EMAIL_VERIFIED, ann.id)


def test_registration_without_an_address_sends_nothing(chat):
    chat.person("ann")
    assert chat.delivers() == []


def test_a_link_works_once_and_for_three_days(chat):
    chat.person("ann", email=ADDRESS)
    chat.person("bob", email="bob@example.org")
    chat.delivers()
    chat.services.verification.verify(chat.letters[0].token)
    chat.clock.advance(3 * DAY / SECOND)
    for letter in chat.letters:
        with pytest.raises(LinkInvalid):
            chat.services.verification.verify(letter.token)


def test_of_two_accounts_with_one_address_one_can_verify_it(chat):
    chat.person("ann", email=ADDRESS)
    eve = chat.person("eve", email=ADDRESS.upper())
    chat.delivers()
    anns, eves = chat.letters
    chat.services.verification.verify(anns.token)
    for _ in range(2):  # the link stays valid, in case the other account gives the address up
        with pytest.raises(EmailTaken):
            chat.services.verification.verify(eves.token)
    assert eve.user.email_verified_at is None


def test_a_changed_address_is_unverified_and_the_earlier_one_is_notified(chat):
    ann = chat.verified("ann")
    changed = changes_address(chat, ann, "new@example.org")
    assert (changed.email, changed.email_verified_at) == ("new@example.org", None)
    chat.delivers()
    assert [(letter.kind, letter.address, letter.language) for letter in chat.letters] == [
        (MailKind.ADDRESS_CHANGED, ADDRESS, "ru"),
        (MailKind.VERIFY, "new@example.org", "ru"),
    ]
    chat.services.verification.verify(chat.letters[1].token)
    assert chat.ports.user_store.by_verified_email("new@example.org").id == ann.id
    assert chat.ports.user_store.by_verified_email(ADDRESS.lower()) is None


def test_an_unverified_earlier_address_is_not_notified(chat):
    ann = chat.person("ann", email=ADDRESS)
    chat.delivers()
    old = chat.letters.pop()
    changes_address(chat, ann, "new@example.org")
    chat.delivers()
    assert [letter.address for letter in chat.letters] == ["new@example.org"]
    with pytest.raises(LinkInvalid):
        chat.services.verification.verify(old.token)


def test_changing_the_address_needs_the_password(chat):
    ann = chat.verified("ann")
    edit = chat.services.directory.edit_profile
    assert issues_of(lambda: edit(ann.id, email="new@example.org")) == {"password": ["password_needed"]}
    proof = chat.services.sessions.verify_password(ann.caller, PASSWORD, "password")
    chat.services.administration.set_password("ann", "another horse battery")
    assert issues_of(lambda: edit(ann.id, email="new@example.org", proof=proof)) == {"password": ["password_needed"]}
    assert edit(ann.id, email=ADDRESS, first_name="Ann").email_verified_at is not None
    assert chat.letters == []


def test_resending_replaces_the_earlier_link(chat):
    ann = chat.person("ann", email=ADDRESS)
    chat.delivers()
    assert chat.services.verification.resend(ann.id, "en")
    chat.delivers()
    first, second = chat.letters
    with pytest.raises(LinkInvalid):
        chat.services.verification.verify(first.token)
    chat.services.verification.verify(second.token)
    assert not chat.services.verification.resend(ann.id, "en")


def test_resending_is_limited_for_each_address(chat):
    ann = chat.person("ann", email=ADDRESS)
    for _ in range(2):
        assert chat.services.verification.resend(ann.id, "en")
    chat.clock.advance(60)
    with pytest.raises(TooManyAttempts) as raised:
        chat.services.verification.resend(ann.id, "en")
    assert raised.value.retry_after == DAY // SECOND - 60


def test_the_limit_of_an_address_does_not_show_whether_others_have_it(chat):
    chat.verified("ann")
    for _ in range(2):
        chat.services.recovery.request(username="ann")
    eve = chat.person("eve", email=ADDRESS)
    for _ in range(2):
        assert chat.services.verification.resend(eve.id, "en")
    outcomes = chat.delivers()
    assert outcomes == [MailOutcome.SENT] * 2 + [MailOutcome.DROPPED] * 3


def test_an_erased_account_leaves_no_mail_link_or_address(chat):
    ann = chat.verified("ann")
    chat.services.recovery.request(username="ann")
    chat.services.erasure.erase(ann.caller, PASSWORD)
    assert chat.delivers() == []
    tables = chat.memory.store.tables
    assert tables.links == {}
    assert all(one.mail.user_id is None for one in tables.mails.values())
    assert ADDRESS.lower() not in repr(tables.mails).lower()
    assert chat.ports.user_store.by_verified_email(ADDRESS.lower()) is None
    assert chat.person("eve", email=ADDRESS).user.email_verified_at is None


def test_an_export_holds_the_mails_of_the_user(chat):
    ann = chat.person("ann", email=ADDRESS)
    chat.person("eve", email="eve@example.org")
    chat.delivers()
    chat.services.verification.resend(ann.id, "en")
    [mails] = chat.services.export.begin(ann.caller).mails
    assert [(mail.kind, mail.outcome) for mail in mails] == [
        (MailKind.VERIFY, MailOutcome.SENT),
        (MailKind.VERIFY, None),
    ]
