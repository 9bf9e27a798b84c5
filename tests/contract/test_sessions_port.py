"""The port `SessionStore`: sessions and their refresh tokens."""

import pytest

from contract.texts import TRICKY_TEXTS
from minichat.domain.model import Caller, Device, RefreshToken, Session
from minichat.domain.paging import Window

NONE = 2**53 - 1


@pytest.fixture
def open_session(ports):
    def open_one(user, at=1_000):
        with ports.transaction():
            return ports.session_store.open(user.id, Device("Firefox", "192.0.2.1"), at, 9_000)

    return open_one


@pytest.fixture
def session(open_session, ann):
    return open_session(ann)


@pytest.fixture
def token(ports, session):
    token = RefreshToken("a" * 64, session.id, issued_at=1_000, expires_at=5_000)
    with ports.transaction():
        ports.session_store.add_token(token)
    return token


def test_a_new_session_has_the_given_fields(ports, ann, session):
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
    assert ports.session_store.caller(session.id) == Caller(ann, session)


def test_each_session_has_its_own_id(open_session, ann, bob):
    assert [open_session(user).id for user in (ann, bob, ann)] == [1, 2, 3]


def test_an_unknown_session_id_has_no_caller(ports, session):
    assert ports.session_store.caller(NONE) is None


def test_a_caller_has_the_current_user_and_session(ports, ann, session):
    with ports.transaction():
        ports.user_store.seen(ann.id, 7_000)
        ports.session_store.used(session.id, 8_000)
    assert ports.session_store.caller(session.id) == Caller(
        ann._replace(last_seen_at=7_000), session._replace(last_used_at=8_000)
    )


def test_an_expiry_is_stored_for_one_session(ports, ann, bob, session, open_session):
    other = open_session(bob)
    with ports.transaction():
        ports.session_store.expire(session.id, 7_500)
        ports.session_store.expire(NONE, 1)
    assert ports.session_store.caller(session.id) == Caller(ann, session._replace(expires_at=7_500))
    assert ports.session_store.caller(other.id) == Caller(bob, other)


def test_a_session_ends_once(ports, ann, bob, session, open_session):
    other = open_session(bob)
    for at, is_first in ((5_000, True), (6_000, False)):
        with ports.transaction():
            assert ports.session_store.end(session.id, at) is is_first
    assert ports.session_store.caller(session.id) == Caller(ann, session._replace(ended_at=5_000))
    assert ports.session_store.caller(other.id) == Caller(bob, other)


def test_all_other_sessions_of_a_user_end(ports, ann, bob, session, open_session):
    ended, other, bobs = open_session(ann), open_session(ann), open_session(bob)
    with ports.transaction():
        ports.session_store.end(ended.id, 4_000)
        assert ports.session_store.end_all(ann.id, 5_000, but=session.id) == 1
    ends = [ports.session_store.caller(each.id).session.ended_at for each in (session, ended, other, bobs)]
    assert ends == [None, 4_000, 5_000, None]


def test_all_sessions_of_a_user_end(ports, ann, bob, session, open_session):
    other, bobs = open_session(ann), open_session(bob)
    with ports.transaction():
        assert ports.session_store.end_all(ann.id, 5_000) == 2
        assert ports.session_store.end_all(ann.id, 6_000) == 0
    assert [ports.session_store.caller(each.id).session.ended_at for each in (session, other, bobs)] == [
        5_000,
        5_000,
        None,
    ]


def test_a_session_is_found_for_its_user_only(ports, ann, bob, session):
    assert ports.session_store.of(ann.id, session.id) == session
    assert ports.session_store.of(bob.id, session.id) is None
    assert ports.session_store.of(ann.id, NONE) is None
    with ports.transaction():
        ports.session_store.end(session.id, 5_000)
    assert ports.session_store.of(ann.id, session.id) == session._replace(ended_at=5_000)


def test_the_sessions_that_live_are_paged_newest_first(ports, ann, bob):
    def opened(user, expires_at=9_000):
        return ports.session_store.open(user.id, Device("curl", "192.0.2.7"), 1_000, expires_at)

    with ports.transaction():
        first, _, _, ended, second, third = (
            opened(ann),
            opened(ann, 5_000),
            opened(bob),
            opened(ann),
            opened(ann),
            opened(ann),
        )
        ports.session_store.end(ended.id, 2_000)

    def page(limit, **edge):
        return list(ports.session_store.live_page(ann.id, 5_000, Window(limit, **edge)))

    assert page(5) == [third, second, first]
    assert page(1) == [third, second]
    assert page(1, after=(third.id,)) == [second, first]
    assert page(5, before=(first.id,)) == [third, second]
    assert page(1, before=(first.id,)) == [third, second]


def test_an_address_is_known_from_which_the_user_has_logged_in(ports, ann, bob):
    with ports.transaction():
        session = ports.session_store.open(ann.id, Device("", "2001:db8:1:2:3::4"), 1_000, 2_000)
        ports.session_store.open(bob.id, Device("", "192.0.2.7"), 1_000, 2_000)
        ports.session_store.end(session.id, 1_500)
    assert ports.session_store.is_known(ann.id, Device(ip="2001:db8:1:2::9").network)
    assert not ports.session_store.is_known(ann.id, Device(ip="2001:db8:1:3::9").network)
    assert not ports.session_store.is_known(ann.id, "192.0.2.7")
    assert ports.session_store.is_known(bob.id, "192.0.2.7")


def test_a_device_is_known_by_its_user_agent_at_an_address(ports, ann, bob):
    with ports.transaction():
        ports.session_store.open(ann.id, Device("Firefox", "192.0.2.7"), 1_000, 2_000)
        ports.session_store.open(ann.id, Device("curl", "192.0.2.8"), 1_000, 2_000)
    assert ports.session_store.is_known(ann.id, "192.0.2.7", "Firefox")
    assert not ports.session_store.is_known(ann.id, "192.0.2.7", "curl")
    assert not ports.session_store.is_known(ann.id, "192.0.2.7", "")
    assert not ports.session_store.is_known(bob.id, "192.0.2.7", "Firefox")
    assert ports.session_store.is_known(ann.id, "192.0.2.7")


def test_a_token_is_found_by_its_hash(ports, token):
    assert ports.session_store.token(token.jti_hash) == token
    assert ports.session_store.token("b" * 64) is None
    assert ports.session_store.token("A" * 64) is None


def test_a_token_is_claimed_once(ports, token):
    with ports.transaction():
        assert ports.session_store.claim_token(token.jti_hash, 2_000) is True
        assert ports.session_store.claim_token(token.jti_hash, 3_000) is False
    with ports.transaction():
        assert ports.session_store.claim_token(token.jti_hash, 4_000) is False
    assert ports.session_store.token(token.jti_hash) == token._replace(used_at=2_000)


def test_an_unknown_token_cannot_be_claimed(ports, token):
    with ports.transaction():
        assert ports.session_store.claim_token("b" * 64, 2_000) is False


def test_the_tokens_of_one_session_are_forgotten(ports, ann, session, token, open_session):
    others = token._replace(jti_hash="c" * 64, session_id=open_session(ann).id)
    with ports.transaction():
        ports.session_store.add_token(token._replace(jti_hash="b" * 64))
        ports.session_store.add_token(others)
        ports.session_store.drop_tokens(session.id)
    assert ports.session_store.token(token.jti_hash) is None
    assert ports.session_store.token("b" * 64) is None
    assert ports.session_store.token(others.jti_hash) == others


def test_changing_a_missing_session_does_nothing(ports, ann, session):
    with ports.transaction():
        ports.session_store.used(NONE, 1)
        ports.session_store.end(NONE, 1)
        ports.session_store.end_all(NONE, 1)
        ports.session_store.drop_tokens(NONE)
    assert ports.session_store.caller(session.id) == Caller(ann, session)


@pytest.mark.parametrize("text", TRICKY_TEXTS)
def test_text_is_stored_exactly(ports, ann, text):
    with ports.transaction():
        session = ports.session_store.open(ann.id, Device(text, text), 1, 2)
    assert (session.user_agent, session.ip) == (text, text)
    assert ports.session_store.caller(session.id).session == session


def test_erasing_ends_a_users_sessions_and_removes_their_addresses(ports, open_session, ann, bob, token):
    ended, open_one, others = open_session(ann, at=2_000), open_session(ann), open_session(bob)
    others_token = token._replace(jti_hash="b" * 64, session_id=others.id)
    with ports.transaction():
        ports.session_store.add_token(others_token)
        ports.session_store.end(ended.id, 3_000)
        ports.session_store.erase(ann.id, 4_000)
    blank = {"user_agent": "", "ip": ""}
    assert ports.session_store.of(ann.id, ended.id) == ended._replace(ended_at=3_000, **blank)
    assert ports.session_store.of(ann.id, open_one.id) == open_one._replace(ended_at=4_000, **blank)
    assert ports.session_store.token(token.jti_hash) is None
    assert not ports.session_store.is_known(ann.id, "192.0.2.1")
    assert ports.session_store.of(bob.id, others.id) == others
    assert ports.session_store.token(others_token.jti_hash) == others_token
    assert ports.session_store.is_known(bob.id, "192.0.2.1")


def test_all_sessions_of_a_user_are_listed_by_id_ended_ones_included(ports, open_session, ann, bob):
    first, _, second, third = (open_session(user) for user in (ann, bob, ann, ann))
    with ports.transaction():
        ports.session_store.end(first.id, 2_000)
    first = first._replace(ended_at=2_000)
    assert list(ports.session_store.all_of(ann.id, 0, 2)) == [first, second]
    assert list(ports.session_store.all_of(ann.id, second.id, 2)) == [third]
    assert list(ports.session_store.all_of(ann.id, third.id, 2)) == []


def test_expired_tokens_are_swept_a_few_at_a_time(ports, session):
    with ports.transaction():
        for number in range(4):
            ports.session_store.add_token(RefreshToken(str(number) * 64, session.id, 1_000, expires_at=5_000 + number))
    with ports.transaction():
        assert ports.session_store.sweep_tokens(4_999, 9) == 0
        assert ports.session_store.sweep_tokens(5_002, 2) == 2
        assert ports.session_store.sweep_tokens(5_002, 2) == 1
        assert ports.session_store.sweep_tokens(5_002, 2) == 0
    assert ports.session_store.token("2" * 64) is None
    assert ports.session_store.token("3" * 64) is not None


def test_only_sessions_that_ended_long_ago_are_swept(ports, ann, open_session):
    ended, expired, live = (open_session(ann) for _ in range(3))
    with ports.transaction():
        ports.session_store.end(ended.id, 3_000)
        assert ports.session_store.sweep(2_999, 9) == 0
        assert ports.session_store.sweep(3_000, 9) == 1
    assert ports.session_store.of(ann.id, ended.id) is None
    with ports.transaction():
        ports.session_store.end(live.id, 20_000)
        assert ports.session_store.sweep(8_999, 9) == 0
        assert ports.session_store.sweep(9_000, 9) == 1
    assert ports.session_store.of(ann.id, expired.id) is None
    assert ports.session_store.of(ann.id, live.id) is not None


def test_a_swept_session_is_deleted_with_its_tokens_in_batches(ports, ann, open_session):
    one, other = open_session(ann), open_session(ann)
    with ports.transaction():
        for number in range(5):
            ports.session_store.add_token(RefreshToken(str(number) * 64, one.id, 1_000, 9_000))
        ports.session_store.add_token(RefreshToken("a" * 64, other.id, 1_000, 9_000))
        ports.session_store.end(one.id, 3_000)
    swept: list[int] = []
    while not swept or swept[-1]:
        with ports.transaction():
            swept.append(ports.session_store.sweep(3_000, 2))
    assert sum(swept) == 5 + 1
    assert max(swept) <= 4
    assert ports.session_store.of(ann.id, one.id) is None
    assert ports.session_store.token("a" * 64) is not None


def test_the_live_sessions_among_many_are_found(ports, ann, bob, open_session):
    live, ended, expired, disabled = open_session(ann), open_session(ann), open_session(ann), open_session(bob)
    with ports.transaction():
        ports.session_store.end(ended.id, 2_000)
        ports.user_store.set_active(bob.id, False)
    ids = {live.id, ended.id, expired.id, disabled.id, 10**9}
    at = live.expires_at - 1
    assert set(ports.session_store.live_among(ids, at)) == {live.id, expired.id}
    assert set(ports.session_store.live_among(ids, at + 1)) == set()
    assert set(ports.session_store.live_among({ended.id}, at)) == set()
    assert set(ports.session_store.live_among(set(), at)) == set()
