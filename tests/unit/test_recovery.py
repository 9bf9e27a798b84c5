"""Forgotten passwords: requests, links, and the mails that carry them."""

import pytest

from builders import ADDRESS, CHAIN_KEY, PASSWORD, Chat, MailingChat, MemoryChat, issues_of
from minichat.adapters.memory import Memory
from minichat.domain.errors import (
    InvalidCredentials,
    LinkInvalid,
    SessionEnded,
    TooManyAttempts,
    Unavailable,
    UserNotFound,
)
from minichat.domain.mail_delivery import GIVE_UP_AFTER, LEASE
from minichat.domain.model import DAY, HOUR, SECOND, AuditEvent, Device, MailKind, MailOutcome
from minichat.domain.ports import MailRefusedError
from minichat.domain.throttling import RESETS_PER_ADDRESS

NEW = "another horse battery"


@pytest.fixture
def chat():
    return MailingChat()


@pytest.fixture
def ann(chat):
    return chat.verified("ann")


@pytest.fixture
def ann_with_eve():
    """A chat whose tests can act between two steps, with ann, and eve, who is one of two superusers."""
    chat = MemoryChat()
    chat.superuser("root")
    return chat, chat.person("ann"), chat.superuser("eve")


class TestRequests:
    def test_the_link_goes_to_the_verified_address_in_the_language_of_the_request(self, chat, ann):
        chat.services.recovery.request(username="ＡＮＮ", language="ru")
        assert chat.letters == []
        assert chat.delivers() == [MailOutcome.SENT]
        [letter] = chat.letters
        assert (letter.kind, letter.address, letter.username, letter.language) == (
            MailKind.RESET,
            ADDRESS,
            "ann",
            "ru",
        )
        assert len(letter.token) == 32

    def test_a_verified_address_names_the_account_without_case(self, chat, ann):
        chat.services.recovery.request(email=" ann@EXAMPLE.org ")
        assert chat.delivers() == [MailOutcome.SENT]

    def test_nothing_is_sent_without_a_verified_address_or_to_a_disabled_account(self, chat, ann):
        chat.person("bob", email="bob@example.org")
        chat.delivers()
        chat.letters.clear()
        chat.services.administration.disable("ann")
        for request in ({"username": "ann"}, {"username": "bob"}, {"email": "bob@example.org"}, {"username": "nobody"}):
            chat.services.recovery.request(**request)
        assert chat.delivers() == [MailOutcome.DROPPED] * 4
        assert chat.letters == []

    def test_requests_for_existing_and_absent_accounts_write_the_same(self, chat, ann):
        mails = chat.memory.store.tables.mails
        for name in ("ann", "nobody", "no@name", ""):
            chat.services.recovery.request(username=name)
        rows = [one.mail for one in chat.memory.store.tables.mails.values() if one.mail.id not in mails]
        assert len(rows) == 4
        assert {(row.address, row.email_key, len(row.seed)) for row in rows} == {("", "", 32)}

    def test_an_account_gets_three_mails_an_hour_and_further_requests_void_nothing(self, chat, ann):
        chat.clock.advance(DAY / SECOND)  # the mail that verified the address counts no longer
        tokens = [chat.requests() for _ in range(3)]
        assert chat.requests() is None
        chat.clock.advance(1_000)
        chat.services.recovery.confirm(tokens[-1], NEW)
        chat.clock.advance(HOUR / SECOND)
        assert chat.requests() is not None

    def test_an_address_gets_five_mails_a_day_from_all_accounts_together(self, chat, ann):
        for name in ("eve1", "eve2", "eve3"):
            chat.person(name, email=ADDRESS.upper())
        assert chat.delivers() == [MailOutcome.SENT] * 2 + [MailOutcome.DROPPED]
        chat.letters.clear()
        assert chat.requests() is not None
        assert chat.requests() is None
        for outcome in (MailOutcome.SENT, MailOutcome.DROPPED):
            chat.services.recovery.make_link(ann.id)
            assert chat.delivers() == [outcome]
        chat.clock.advance(DAY / SECOND)
        assert chat.requests() is not None

    def test_accounts_of_a_stranger_with_the_address_keep_no_mail_from_its_owner(self, chat, ann):
        for number in range(9):
            chat.person(f"eve{number}", email=ADDRESS)
        chat.delivers()
        chat.letters.clear()
        assert chat.requests() is not None
        for _ in range(9):
            chat.services.recovery.request(username="ann")
        chat.delivers()
        proof = chat.services.sessions.verify_password(ann.caller, PASSWORD, "password")
        chat.services.directory.edit_profile(ann.id, email="eve@example.org", proof=proof)
        chat.delivers()
        assert (MailKind.ADDRESS_CHANGED, ADDRESS) in [(letter.kind, letter.address) for letter in chat.letters]

    def test_mails_under_a_fast_clock_keep_none_away_after_it_was_set_back(self, chat, ann):
        while chat.requests() is not None:
            pass
        chat.clock.advance(-DAY / SECOND)
        assert chat.requests() is not None

    def test_requests_of_one_network_address_are_limited(self, chat):
        device = Device("", "192.0.2.1")
        for _ in range(RESETS_PER_ADDRESS):
            chat.services.recovery.request(username="nobody", device=device)
        with pytest.raises(TooManyAttempts):
            chat.services.recovery.request(username="nobody", device=device)
        chat.services.recovery.request(username="nobody", device=Device("", "192.0.2.2"))

    def test_without_a_mail_server_nothing_is_queued(self):
        memory = Memory()
        silent = Chat(memory.ports, memory.clock)
        silent.person("ann", email=ADDRESS)
        silent.services.recovery.request(username="ann")
        assert memory.store.tables.mails == {}

    def test_the_queue_holds_no_token(self, chat, ann):
        chat.services.recovery.request(username="ann")
        chat.delivers()
        assert chat.letters[0].token not in repr(chat.memory.store.tables)


class TestConfirming:
    def test_a_link_sets_the_password_and_ends_all_sessions(self, chat, ann):
        user, grant = chat.services.recovery.confirm(chat.requests(), NEW)
        with pytest.raises(SessionEnded):
            ann.caller  # noqa: B018
        assert chat.services.sessions.authenticate(grant.session.id, user.id).user.id == ann.id
        ann.logs_in(NEW)
        with pytest.raises(InvalidCredentials):
            ann.logs_in(PASSWORD)
        assert (AuditEvent.PASSWORD_RESET, ann.id) in [
            (entry.event, entry.user_id) for entry in chat.services.audit_log.page(9, user_id=ann.id)
        ]

    def test_a_link_works_once(self, chat, ann):
        token = chat.requests()
        chat.services.recovery.confirm(token, NEW)
        with pytest.raises(LinkInvalid):
            chat.services.recovery.confirm(token, "yet another horse")
        ann.logs_in(NEW)

    def test_a_refused_password_leaves_the_link_valid(self, chat, ann):
        token = chat.requests()
        for new, confirm, field in (
            ("short", None, "new_password"),
            ("ann", None, "new_password"),
            ("password", None, "new_password"),
            (NEW, "other", "new_password_confirm"),
        ):
            refused = issues_of(lambda given=(new, confirm): chat.services.recovery.confirm(token, *given))
            assert set(refused) == {field}
        assert chat.services.recovery.confirm(token, NEW, NEW)

    def test_a_link_lives_for_an_hour_from_its_mail_on(self, chat, ann):
        chat.services.recovery.request(username="ann")
        chat.clock.advance(HOUR / SECOND - 1)
        chat.delivers()
        chat.clock.advance(HOUR / SECOND - 1)
        chat.services.recovery.check(chat.letters[0].token, NEW)
        chat.clock.advance(1)
        with pytest.raises(LinkInvalid):
            chat.services.recovery.confirm(chat.letters[0].token, NEW)

    @pytest.mark.parametrize("ahead", [HOUR, DAY])
    def test_a_link_made_under_a_fast_clock_lives_no_longer(self, chat, ann, ahead):
        token = chat.services.recovery.make_link(ann.id).token
        chat.clock.advance(1 - ahead / SECOND)
        if ahead == HOUR:
            chat.services.recovery.check(token, NEW)
        chat.clock.advance(-1)
        with pytest.raises(LinkInvalid):
            chat.services.recovery.confirm(token, NEW)

    @pytest.mark.parametrize(
        "act",
        [
            lambda chat, _: chat.requests(),
            lambda chat, _: chat.services.recovery.make_link("ann"),
            lambda chat, ann: chat.services.sessions.change_password(ann.caller, PASSWORD, NEW),
            lambda chat, _: chat.services.administration.set_password("ann", NEW),
            lambda chat, _: chat.services.administration.disable("ann"),
            lambda chat, ann: chat.services.directory.edit_profile(
                ann.id, email="new@example.org", proof=chat.services.sessions.verify_password(ann.caller, PASSWORD, "p")
            ),
            lambda chat, ann: chat.services.erasure.erase(ann.caller, PASSWORD),
        ],
        ids=["newer mail", "link", "password", "set password", "disabled", "address", "erased"],
    )
    def test_an_act_on_the_account_voids_the_link(self, chat, ann, act):
        token = chat.requests()
        act(chat, ann)
        with pytest.raises(LinkInvalid):
            chat.services.recovery.confirm(token, NEW)

    def test_a_link_that_verifies_an_address_sets_no_password(self, chat):
        chat.person("bob", email="bob@example.org")
        chat.delivers()
        with pytest.raises(LinkInvalid):
            chat.services.recovery.confirm(chat.letters[0].token, NEW)

    def test_a_void_link_is_not_sent(self, chat, ann):
        chat.services.recovery.request(username="ann")
        chat.mailer.failure = Unavailable("away")
        assert chat.delivers() == [None]
        chat.services.sessions.change_password(ann.caller, PASSWORD, NEW)
        chat.mailer.failure = None
        chat.clock.advance(60)
        assert chat.delivers() == [MailOutcome.DROPPED]


class TestLinksOfAdministrators:
    def test_a_link_works_without_a_mail_server(self):
        memory = Memory()
        silent = Chat(memory.ports, memory.clock)
        bob, root = silent.people("bob", "root")
        silent.services.superusers.grant(root.id)
        link = silent.services.recovery.make_link("BOB", by=root.id)
        assert (link.user.id, link.expires_at) == (bob.id, silent.clock() + HOUR)
        silent.services.recovery.confirm(link.token, NEW)
        bob.logs_in(NEW)
        entries = silent.services.audit_log.page(9, user_id=bob.id)
        assert (AuditEvent.RESET_LINK_MADE, root.id) in [(entry.event, entry.actor_id) for entry in entries]

    @pytest.mark.parametrize("loss", ["demoted", "disabled", "erased"])
    def test_a_link_is_void_after_its_maker_lost_the_rights(self, chat, ann, loss):
        services, eve = chat.services, chat.superuser("eve")
        root = chat.superuser("root")
        token = services.recovery.make_link(ann.id, by=eve.id).token
        services.recovery.check(token, NEW)
        lose = {
            "demoted": services.superusers.revoke,
            "disabled": services.administration.disable,
            "erased": services.erasure.erase_account,
        }
        lose[loss](eve.id, by=root.id)
        for use in (services.recovery.check, services.recovery.confirm):
            with pytest.raises(LinkInvalid):
                use(token, NEW)
        ann.logs_in(PASSWORD)

    def test_a_link_of_a_new_account_is_void_after_its_maker_lost_the_rights(self, chat):
        eve, root = chat.superuser("eve"), chat.superuser("root")
        token = chat.services.account_editing.create_with_link("bob", by=eve.id).token
        chat.services.superusers.revoke(eve.id, by=root.id)
        with pytest.raises(LinkInvalid):
            chat.services.recovery.confirm(token, NEW)

    def test_a_link_is_void_if_its_maker_is_demoted_while_it_is_used(self, ann_with_eve):
        chat, ann, eve = ann_with_eve
        token = chat.services.recovery.make_link(ann.id, by=eve.id).token
        chat.meanwhile(lambda: chat.services.superusers.revoke(eve.id))
        with pytest.raises(LinkInvalid):
            chat.services.recovery.confirm(token, NEW)
        ann.logs_in(PASSWORD)

    def test_a_link_works_again_for_a_maker_who_regained_the_rights(self, ann_with_eve):
        chat, ann, eve = ann_with_eve
        token = chat.services.recovery.make_link(ann.id, by=eve.id).token
        chat.services.superusers.revoke(eve.id)
        chat.services.superusers.grant(eve.id)
        chat.services.recovery.confirm(token, NEW)
        ann.logs_in(NEW)

    def test_a_superuser_uses_a_link_of_their_own(self, ann_with_eve):
        chat, _, eve = ann_with_eve
        chat.services.recovery.confirm(chat.services.recovery.make_link(eve.id, by=eve.id).token, NEW)
        eve.logs_in(NEW)

    def test_links_of_the_command_line_and_of_mails_outlive_every_administrator(self, chat, ann):
        eve = chat.superuser("eve")
        chat.superuser("root")
        chat.services.recovery.make_link(ann.id, by=eve.id)
        mailed = chat.requests()  # in the place of the administrator's link
        chat.services.superusers.revoke(eve.id)
        chat.services.recovery.confirm(mailed, NEW)
        chat.services.recovery.confirm(chat.services.recovery.make_link(ann.id).token, PASSWORD)

    def test_the_verified_address_is_notified_without_the_link(self, chat, ann):
        chat.services.recovery.make_link("ann", language="ru")
        chat.delivers()
        [letter] = chat.letters
        assert (letter.kind, letter.address, letter.token, letter.language) == (
            MailKind.LINK_MADE,
            ADDRESS,
            None,
            "ru",
        )

    def test_an_unknown_or_disabled_account_gets_no_link(self, chat, ann):
        chat.services.administration.disable("ann")
        for name in ("ann", "nobody", "no@name"):
            with pytest.raises(UserNotFound):
                chat.services.recovery.make_link(name)


class TestDelivery:
    def test_a_failed_attempt_is_repeated_with_growing_pauses_and_the_same_link(self, chat, ann):
        chat.services.recovery.request(username="ann")
        chat.mailer.failure = Unavailable("away")
        for pause in (0, 30, 60, 120):
            chat.clock.advance(pause - 1)
            assert chat.delivers() == []
            chat.clock.advance(1)
            assert chat.delivers() == [None]
        chat.mailer.failure = None
        chat.clock.advance(240)
        assert chat.delivers() == [MailOutcome.SENT]
        assert chat.services.recovery.confirm(chat.letters[0].token, NEW)

    def test_a_mail_is_given_up_in_the_end(self, chat, ann):
        chat.services.recovery.request(username="ann")
        chat.mailer.failure = Unavailable("away")
        outcomes: list[MailOutcome | None] = []
        while not outcomes or outcomes[-1] is None:
            outcomes += chat.delivers()
            chat.clock.advance(60)
        assert outcomes[-1] is MailOutcome.GIVEN_UP
        assert 5 < len(outcomes) < 20
        assert GIVE_UP_AFTER[MailKind.RESET] == HOUR

    def test_a_refused_mail_is_not_repeated(self, chat, ann):
        chat.services.recovery.request(username="ann")
        chat.mailer.failure = MailRefusedError("550")
        assert chat.delivers() == [MailOutcome.REFUSED]
        chat.clock.advance(DAY / SECOND)
        assert chat.delivers() == []
        assert chat.services.outbox.queue().failed == 1

    def test_the_mail_of_a_crashed_sender_is_repeated_after_the_lease(self, chat, ann):
        chat.services.recovery.request(username="ann")
        chat.mailer.failure = KeyboardInterrupt()
        with pytest.raises(KeyboardInterrupt):
            chat.delivers()
        chat.mailer.failure = None
        assert chat.delivers() == []
        chat.clock.advance(LEASE / SECOND)
        assert chat.delivers() == [MailOutcome.SENT]

    def test_a_new_secret_key_sends_a_link_that_works(self, chat, ann):
        chat.services.recovery.request(username="ann")
        chat.mailer.failure = Unavailable("away")
        chat.delivers()
        rotated = Chat(chat.ports, chat.clock, chain_keys=[b"n" * 32])
        chat.mailer.failure = None
        chat.clock.advance(60)
        rotated.services.mail_delivery.deliver_next()
        assert rotated.services.recovery.confirm(chat.letters[0].token, NEW)

    def test_a_former_key_keeps_the_token_of_a_mail_that_may_have_arrived(self, chat, ann):
        chat.services.recovery.request(username="ann")
        sent = []

        def crash(letter):
            sent.append(letter.token)  # the server has taken the mail
            raise KeyboardInterrupt

        chat.mailer.send = crash
        with pytest.raises(KeyboardInterrupt):
            chat.delivers()
        chat.mailer.send = lambda letter: sent.append(letter.token)
        chat.clock.advance(LEASE / SECOND)
        Chat(chat.ports, chat.clock, chain_keys=[b"n" * 32, CHAIN_KEY]).services.mail_delivery.deliver_next()
        assert sent[0] == sent[1]
