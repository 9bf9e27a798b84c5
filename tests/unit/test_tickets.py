"""Tickets: valid once, for their session, for some seconds."""

import pytest

from minichat.domain.errors import InvalidTicket, SessionEnded
from minichat.domain.tickets import LIFETIME_SECONDS


@pytest.fixture
def ann(chat):
    return chat.person("ann")


@pytest.fixture
def tickets(chat):
    return chat.services.tickets


def later(chat, seconds):
    return chat.clock() + seconds * 1_000


def test_a_ticket_identifies_its_caller_and_the_expiry(chat, tickets, ann):
    expires_at = later(chat, 600)
    assert tickets.redeem(tickets.issue(ann.caller, expires_at)) == (ann.caller, expires_at)


def test_a_ticket_works_once(chat, tickets, ann):
    ticket = tickets.issue(ann.caller, later(chat, 600))
    tickets.redeem(ticket)
    with pytest.raises(InvalidTicket):
        tickets.redeem(ticket)


def test_a_ticket_expires_no_later_than_its_access_token(chat, tickets, ann):
    tries = {seconds: tickets.issue(ann.caller, later(chat, seconds)) for seconds in (10, 600)}
    chat.clock.advance(seconds=10)
    with pytest.raises(InvalidTicket):
        tickets.redeem(tries[10])
    chat.clock.advance(seconds=LIFETIME_SECONDS - 10)
    with pytest.raises(InvalidTicket):
        tickets.redeem(tries[600])


def test_a_ticket_ends_with_its_session_and_account(chat, tickets, ann):
    other = ann.logs_in()
    mine, theirs = (tickets.issue(person.caller, later(chat, 600)) for person in (ann, other))
    chat.services.sessions.log_out(ann.id, ann.grant.session.id)
    with pytest.raises(SessionEnded):
        tickets.redeem(mine)
    chat.services.administration.disable("ann")
    with pytest.raises(SessionEnded):
        tickets.redeem(theirs)


def test_tickets_differ_and_only_their_hashes_are_stored(chat, tickets, ann):
    made = {tickets.issue(ann.caller, later(chat, 600)) for _ in range(20)}
    assert len(made) == 20
    kept = set(chat.memory.store.tables.tickets)
    assert len(kept) == 20
    assert not kept & made


def test_a_malformed_ticket_is_rejected(tickets, ann):
    for made_up in ("", "x", "\ud800", "\0"):
        with pytest.raises(InvalidTicket):
            tickets.redeem(made_up)
