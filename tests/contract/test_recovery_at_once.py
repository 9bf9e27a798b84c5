"""Recovery on every database, with a mail server in memory: uses of a link and verifications at the same time."""

import threading
from functools import partial

import pytest

from builders import Chat
from minichat.adapters.memory import MemoryMailer
from minichat.domain.errors import EmailTaken, LinkInvalid
from minichat.domain.model import AuditEvent

pytestmark = pytest.mark.threads


NEW = "another horse battery"
LOSSES = {"demoted": AuditEvent.SUPERUSER_REVOKED, "disabled": AuditEvent.DISABLED, "erased": AuditEvent.DELETED}


@pytest.fixture
def mailer():
    return MemoryMailer()


@pytest.fixture
def chat(backend, mailer):
    return Chat(backend.ports._replace(mailer=mailer), backend.clock)


def outcomes_of(actions):
    """Run all actions at the same time; return their errors, None for a success."""
    barrier = threading.Barrier(len(actions))
    outcomes: list[type[Exception] | None] = []

    def run(action):
        barrier.wait()
        try:
            action()
            outcomes.append(None)
        except (EmailTaken, LinkInvalid) as error:
            outcomes.append(type(error))

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_many_uses_of_a_link_at_once_one_sets_the_password(chat):
    ann = chat.person("ann")
    token = chat.services.recovery.make_link("ann").token
    passwords = [f"another horse battery {number}" for number in range(4)]
    outcomes = outcomes_of([lambda new=new: chat.services.recovery.confirm(token, new) for new in passwords])
    assert sorted(outcomes, key=str) == [LinkInvalid] * 3 + [None]
    assert ann.user.is_active


@pytest.mark.parametrize("loss", ["demoted", "disabled", "erased"])
def test_a_link_used_while_its_maker_loses_the_rights_works_before_or_not_at_all(chat, loss):
    chat.superuser("root")
    services = chat.services
    lose = {
        "demoted": services.superusers.revoke,
        "disabled": services.administration.disable,
        "erased": services.erasure.erase_account,
    }[loss]
    for number in range(4):
        ann, eve = chat.person(f"ann{number}"), chat.superuser(f"eve{number}")
        token = services.recovery.make_link(ann.id, by=eve.id).token
        use = partial(services.recovery.confirm, token, NEW)
        outcomes_of([partial(lose, eve.id), use])
        with pytest.raises(LinkInvalid):
            use()
        entries = {entry.event: entry.id for entry in chat.services.audit_log.page(20) if entry.at == chat.clock()}
        if AuditEvent.PASSWORD_RESET in entries:
            assert entries[AuditEvent.PASSWORD_RESET] < entries[LOSSES[loss]]
        chat.clock.advance(1)


def test_of_accounts_that_verify_one_address_at_once_one_succeeds(chat, mailer):
    people = [chat.person(name, email="Ann@example.org") for name in ("ann", "bob", "carl")]
    while chat.services.mail_delivery.deliver_next() is not None:
        pass
    verify = chat.services.verification.verify
    outcomes = outcomes_of([lambda token=letter.token: verify(token) for letter in mailer.letters])
    assert sorted(outcomes, key=str) == [EmailTaken] * 2 + [None]
    assert sum(person.user.email_verified_at is not None for person in people) == 1


def test_senders_at_once_send_each_mail_once(chat, mailer):
    for number in range(6):
        chat.person(f"ann{number}", email=f"ann{number}@example.org")

    def deliver():
        for _ in range(8):
            chat.services.mail_delivery.deliver_next()

    assert outcomes_of([deliver] * 4) == [None] * 4
    assert sorted(letter.username for letter in mailer.letters) == [f"ann{number}" for number in range(6)]
