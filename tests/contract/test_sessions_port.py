"""`Sessions`: log-ins and their refresh tokens."""

import pytest

from contract.texts import TRICKY_TEXTS
from minichat.domain.model import Caller, Device, RefreshToken, Session

NONE = 2**53 - 1


@pytest.fixture
def open_session(ports):
    def open_one(user, at=1_000):
        with ports.transaction():
            return ports.sessions.open(user.id, Device("Firefox", "192.0.2.1"), at, 9_000)

    return open_one


@pytest.fixture
def session(open_session, ann):
    return open_session(ann)


@pytest.fixture
def token(ports, session):
    token = RefreshToken("a" * 64, session.id, issued_at=1_000, expires_at=5_000)
    with ports.transaction():
        ports.sessions.add_token(token)
    return token


def test_a_session_opens_as_it_was_given(ports, ann, session):
    assert session == Session(
        id=session.id,
        user_id=ann.id,
        created_at=1_000,
        last_used_at=1_000,
        expires_at=9_000,
        user_agent="Firefox",
        ip="192.0.2.1",
        ended_at=None,
    )
    assert ports.sessions.caller(session.id) == Caller(ann, session)


def test_each_session_has_its_own_id(open_session, ann, bob):
    assert [open_session(user).id for user in (ann, bob, ann)] == [1, 2, 3]


def test_no_session_calls_by_an_id_that_is_not_there(ports, session):
    assert ports.sessions.caller(NONE) is None


def test_a_caller_is_as_user_and_session_stand_now(ports, ann, session):
    with ports.transaction():
        ports.users.seen(ann.id, 7_000)
        ports.sessions.used(session.id, 8_000)
    assert ports.sessions.caller(session.id) == Caller(
        ann._replace(last_seen_at=7_000), session._replace(last_used_at=8_000)
    )


def test_a_session_ends_once(ports, ann, bob, session, open_session):
    other = open_session(bob)
    for at in (5_000, 6_000):
        with ports.transaction():
            ports.sessions.end(session.id, at)
    assert ports.sessions.caller(session.id) == Caller(ann, session._replace(ended_at=5_000))
    assert ports.sessions.caller(other.id) == Caller(bob, other)


def test_all_other_sessions_of_a_user_end(ports, ann, bob, session, open_session):
    ended, other, bobs = open_session(ann), open_session(ann), open_session(bob)
    with ports.transaction():
        ports.sessions.end(ended.id, 4_000)
        ports.sessions.end_others(ann.id, session.id, 5_000)
    ends = [ports.sessions.caller(each.id).session.ended_at for each in (session, ended, other, bobs)]
    assert ends == [None, 4_000, 5_000, None]


def test_a_token_comes_back_by_its_hash(ports, token):
    assert ports.sessions.token(token.jti_hash) == token
    assert ports.sessions.token("b" * 64) is None
    assert ports.sessions.token("A" * 64) is None


def test_a_token_is_claimed_once(ports, token):
    with ports.transaction():
        assert ports.sessions.claim_token(token.jti_hash, 2_000) is True
        assert ports.sessions.claim_token(token.jti_hash, 3_000) is False
    with ports.transaction():
        assert ports.sessions.claim_token(token.jti_hash, 4_000) is False
    assert ports.sessions.token(token.jti_hash) == token._replace(used_at=2_000)


def test_an_unknown_token_is_claimed_by_nobody(ports, token):
    with ports.transaction():
        assert ports.sessions.claim_token("b" * 64, 2_000) is False


def test_the_tokens_of_one_session_are_forgotten(ports, ann, session, token, open_session):
    others = token._replace(jti_hash="c" * 64, session_id=open_session(ann).id)
    with ports.transaction():
        ports.sessions.add_token(token._replace(jti_hash="b" * 64))
        ports.sessions.add_token(others)
        ports.sessions.drop_tokens(session.id)
    assert ports.sessions.token(token.jti_hash) is None
    assert ports.sessions.token("b" * 64) is None
    assert ports.sessions.token(others.jti_hash) == others


def test_what_is_not_there_is_left_alone(ports, ann, session):
    with ports.transaction():
        ports.sessions.used(NONE, 1)
        ports.sessions.end(NONE, 1)
        ports.sessions.end_others(NONE, session.id, 1)
        ports.sessions.drop_tokens(NONE)
    assert ports.sessions.caller(session.id) == Caller(ann, session)


@pytest.mark.parametrize("text", TRICKY_TEXTS)
def test_text_comes_back_exactly(ports, ann, text):
    with ports.transaction():
        session = ports.sessions.open(ann.id, Device(text, text), 1, 2)
    assert (session.user_agent, session.ip) == (text, text)
    assert ports.sessions.caller(session.id).session == session
