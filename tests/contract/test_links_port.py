"""The port `LinkStore`: links that set a new password or verify an address."""

import threading

import pytest

from minichat.domain.model import AccountLink, LinkPurpose

pytestmark = pytest.mark.threads

RESET, VERIFY = LinkPurpose.RESET, LinkPurpose.VERIFY


@pytest.fixture
def put(ports, ann):
    def put(seed, purpose=RESET, expires_at=9_000, user=ann):
        link = AccountLink(user.id, purpose, seed, f"hash of {seed}", "ann@example.org", 1_000, expires_at)
        with ports.transaction(account=user.id):
            ports.link_store.put(link)
        return link

    return put


def test_a_newer_link_takes_the_place_of_the_earlier_one_for_its_purpose(ports, ann, put):
    put("first")
    verify, second = put("third", VERIFY), put("second")
    assert ports.link_store.get(ann.id, RESET) == second == ports.link_store.by_hash(second.token_hash)
    assert ports.link_store.by_hash("hash of first") is None
    assert ports.link_store.get(ann.id, VERIFY) == verify


def test_a_link_is_taken_once(ports, ann, put):
    link = put("seed")
    with ports.transaction(account=ann.id):
        assert ports.link_store.take("another hash") is None
        assert ports.link_store.take(link.token_hash) == link
        assert ports.link_store.take(link.token_hash) is None
    assert ports.link_store.get(ann.id, RESET) is None


def test_a_link_keeps_its_maker_until_a_newer_one_without_any(ports, ann, bob, put):
    link = AccountLink(ann.id, RESET, "made", "hash of made", "", 1_000, 9_000, made_by=bob.id)
    with ports.transaction(account=ann.id):
        ports.link_store.put(link)
    assert ports.link_store.by_hash("hash of made") == link
    put("mailed")
    assert ports.link_store.get(ann.id, RESET).made_by is None


def test_one_of_many_concurrent_takers_gets_the_link(ports, ann, put):
    link, found = put("seed"), []

    def take():
        with ports.transaction(account=ann.id):
            found.append(ports.link_store.take(link.token_hash))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one is not None for one in found) == 1


def test_voiding_affects_all_links_of_one_account(ports, ann, bob, put):
    put("a"), put("b", VERIFY)
    kept = put("c", user=bob)
    with ports.transaction(account=ann.id):
        ports.link_store.void(ann.id)
    assert (ports.link_store.get(ann.id, RESET), ports.link_store.get(ann.id, VERIFY)) == (None, None)
    assert ports.link_store.get(bob.id, RESET) == kept


def test_expired_links_are_swept_a_few_at_a_time(ports, ann, bob, put):
    for number, (user, purpose) in enumerate([(ann, RESET), (ann, VERIFY), (bob, RESET)]):
        put(f"{number}", purpose, 3_000 + number, user)
    with ports.transaction():
        assert ports.link_store.sweep(2_999, 9) == 0
        assert ports.link_store.sweep(3_001, 1) == 1
        assert ports.link_store.sweep(3_001, 9) == 1
    assert ports.link_store.get(bob.id, RESET) is not None
