"""The port `TicketStore`: tickets for streams."""

import threading

import pytest

from minichat.domain.model import Device, Ticket

pytestmark = pytest.mark.threads


@pytest.fixture
def session(ports, ann):
    with ports.transaction():
        return ports.session_store.open(ann.id, Device(), 1_000, 9_000)


def test_a_ticket_is_taken_once(ports, session):
    ticket = Ticket("a" * 64, session.id, 5_000, 3_000)
    with ports.transaction():
        ports.ticket_store.add(ticket)
    with ports.transaction():
        assert ports.ticket_store.take("b" * 64) is None
        assert ports.ticket_store.take(ticket.hash) == ticket
        assert ports.ticket_store.take(ticket.hash) is None


def test_one_of_many_concurrent_takers_gets_the_ticket(ports, session):
    with ports.transaction():
        ports.ticket_store.add(Ticket("a" * 64, session.id, 5_000, 3_000))
    found = []

    def take():
        with ports.transaction():
            found.append(ports.ticket_store.take("a" * 64))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(ticket is not None for ticket in found) == 1


def test_expired_tickets_are_swept_a_few_at_a_time(ports, session):
    with ports.transaction():
        for number in range(4):
            ports.ticket_store.add(Ticket(f"{number}" * 64, session.id, 9_000, 3_000 + number))
    with ports.transaction():
        assert ports.ticket_store.sweep(2_999, 9) == 0
        assert ports.ticket_store.sweep(3_002, 2) == 2
        assert ports.ticket_store.sweep(3_002, 2) == 1
        assert ports.ticket_store.sweep(3_002, 2) == 0
        assert ports.ticket_store.take("3" * 64) is not None


def test_tickets_do_not_outlive_the_row_of_their_session(ports, session):
    with ports.transaction():
        ports.ticket_store.add(Ticket("a" * 64, session.id, 99_000, 99_000))
        ports.session_store.end(session.id, 2_000)
    with ports.transaction():
        assert ports.session_store.sweep(2_000, 9) == 1
    with ports.transaction():
        assert ports.ticket_store.take("a" * 64) is None
