"""The port `MailStore`: the queue of mails."""

import threading

import pytest

from minichat.domain.model import MailKind, MailOutcome, MailQueue, MailRecord, NewMail

pytestmark = pytest.mark.threads

KEY = "ann@example.org"


@pytest.fixture
def queue(ports):
    def queue(at=1_000, kind=MailKind.RESET, user_id=1, key=KEY, address="Ann@example.org"):
        with ports.transaction():
            ports.mail_store.add(NewMail(kind, user_id, address, key, "ru", "seed", at, at))

    return queue


@pytest.fixture
def claim(ports):
    def claim(at=5_000, until=9_000):
        with ports.transaction():
            return ports.mail_store.claim(at, until)

    return claim


@pytest.fixture
def finish(ports, claim):
    def finish(outcome, at=6_000):
        mail = claim()
        with ports.transaction():
            ports.mail_store.finish(mail.id, outcome, at)
        return mail

    return finish


def test_a_claimed_mail_is_due_again_after_the_lease(queue, claim):
    queue(at=2_000)
    assert claim(at=1_999) is None
    mail = claim(at=2_000, until=3_000)
    assert (mail.kind, mail.user_id, mail.address, mail.seed, mail.attempts) == (
        MailKind.RESET,
        1,
        "Ann@example.org",
        "seed",
        1,
    )
    assert claim(at=2_999) is None
    assert claim(at=3_000) == mail._replace(due_at=9_000, attempts=2)


def test_the_mail_that_is_due_for_the_longest_time_comes_first(queue, claim):
    for at in (3_000, 1_000, 2_000):
        queue(at)
    assert [claim().created_at for _ in range(3)] == [1_000, 2_000, 3_000]


def test_concurrent_senders_claim_a_mail_once(queue, claim):
    queue()
    found = []
    threads = [threading.Thread(target=lambda: found.append(claim())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(mail is not None for mail in found) == 1


def test_a_postponed_mail_is_due_later(ports, queue, claim):
    queue()
    mail = claim()
    with ports.transaction():
        ports.mail_store.postpone(mail.id, 7_000)
    assert claim(at=6_999) is None
    assert claim(at=7_000).attempts == 2


def test_a_mail_that_is_done_loses_its_address_and_is_never_claimed_again(ports, queue, claim, finish):
    queue()
    mail = finish(MailOutcome.SENT)
    with ports.transaction():
        ports.mail_store.postpone(mail.id, 1)
        ports.mail_store.finish(mail.id, MailOutcome.REFUSED, 7_000)  # a late record of another sender
    assert claim(at=99_000) is None
    assert ports.mail_store.queue() == MailQueue(0, None, 0)
    assert ports.mail_store.times_to(KEY, 0, 9_000, 9) == [1_000]


def test_the_mails_to_an_address_are_counted_without_dropped_ones(ports, queue, finish):
    for at in (1_000, 2_000, 3_000, 4_000):
        queue(at)
    queue(5_000, key="bob@example.org")
    finish(MailOutcome.DROPPED)
    finish(MailOutcome.SENT)
    assert ports.mail_store.times_to(KEY, 0, 9_000, 9) == [4_000, 3_000, 2_000]
    assert ports.mail_store.times_to(KEY, 3_000, 9_000, 9) == [4_000]
    assert ports.mail_store.times_to(KEY, 0, 3_000, 9) == [2_000]
    assert ports.mail_store.times_to(KEY, 0, 9_000, 2) == [4_000, 3_000]


def test_the_resets_of_an_account_are_counted_once_they_have_an_address(ports, queue, claim):
    queue(1_000, key="", address="")
    queue(2_000, MailKind.VERIFY)
    queue(3_000, user_id=2)
    assert ports.mail_store.reset_times(1, 0, 9_000, 9) == []
    mail = claim()
    with ports.transaction():
        ports.mail_store.accept(mail.id, "Ann@example.org", KEY)
    assert ports.mail_store.reset_times(1, 0, 9_000, 9) == [1_000]


def test_the_requests_of_an_account_are_counted_by_kind_dropped_or_not(ports, queue, finish):
    for at, kind in ((1_000, MailKind.VERIFY), (2_000, MailKind.RESET), (3_000, MailKind.VERIFY)):
        queue(at, kind, key="")
    queue(4_000, MailKind.VERIFY, user_id=2)
    finish(MailOutcome.DROPPED)
    assert ports.mail_store.request_times(1, MailKind.VERIFY, 0, 9_000, 9) == [3_000, 1_000]
    assert ports.mail_store.request_times(1, MailKind.VERIFY, 1_000, 9_000, 9) == [3_000]
    assert ports.mail_store.request_times(1, MailKind.VERIFY, 0, 9_000, 1) == [3_000]


def test_the_mails_of_an_account_are_listed_in_pages(ports, queue, finish):
    queue(1_000)
    queue(2_000, user_id=2)
    queue(3_000, MailKind.VERIFY)
    first = finish(MailOutcome.REFUSED)
    refused, waiting = ports.mail_store.all_of(1, 0, 9)
    assert refused == MailRecord(first.id, MailKind.RESET, 1_000, MailOutcome.REFUSED, 6_000)
    assert (waiting.kind, waiting.outcome, waiting.done_at) == (MailKind.VERIFY, None, None)
    assert ports.mail_store.all_of(1, 0, 1) == [refused]
    assert ports.mail_store.all_of(1, refused.id, 9) == [waiting]


def test_the_state_of_the_queue_counts_waiting_and_failed_mails(ports, queue, finish):
    for at in (1_000, 2_000, 3_000, 4_000, 4_500):
        queue(at)
    finish(MailOutcome.REFUSED)
    finish(MailOutcome.GIVEN_UP)
    finish(MailOutcome.SENT)
    assert ports.mail_store.queue() == MailQueue(waiting=2, oldest_at=4_000, failed=2)


def test_erasing_an_account_drops_its_mails_and_keeps_the_count_of_the_address(ports, queue, claim):
    queue(1_000)
    queue(2_000, user_id=2)
    with ports.transaction():
        ports.mail_store.erase(1)
    assert claim().user_id == 2
    assert claim() is None
    assert ports.mail_store.reset_times(1, 0, 9_000, 9) == []


def test_mails_that_are_done_are_swept_a_few_at_a_time(ports, queue, finish):
    for at in (1_000, 2_000, 3_000):
        queue(at)
    finish(MailOutcome.SENT, 6_000)
    finish(MailOutcome.REFUSED, 7_000)
    with ports.transaction():
        assert ports.mail_store.sweep(5_999, 2_999, 9) == 0
        assert ports.mail_store.sweep(9_000, 2_999, 1) == 1
        assert ports.mail_store.sweep(9_000, 2_999, 9) == 1
    assert ports.mail_store.queue().waiting == 1


def test_a_mail_without_a_sender_is_swept(ports, queue):
    queue(3_000)
    queue(4_000)
    with ports.transaction():
        assert ports.mail_store.sweep(0, 3_000, 9) == 1
    assert ports.mail_store.queue().oldest_at == 4_000
