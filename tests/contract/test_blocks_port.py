"""The port `BlockStore`: which users block which."""

import pytest

from builders import undone
from minichat.domain.model import Block
from minichat.domain.paging import Window

ALL = Window(50)


@pytest.fixture
def people(add_user):
    return [add_user(f"user{number}").id for number in range(5)]


def blocks(ports, blocker_id, *blocked_ids):
    with ports.transaction():
        return [ports.block_store.add(blocker_id, blocked_id, 1_000 + blocked_id) for blocked_id in blocked_ids]


def listed(ports, blocker_id, window=ALL):
    return [block.blocked_id for block in ports.block_store.page(blocker_id, window)]


def test_a_block_is_listed_with_its_time(ports, people):
    one, two, *_ = people
    assert blocks(ports, one, two) == [True]
    [block] = ports.block_store.page(one, ALL)
    assert block == Block(one, 1, two, 1_000 + two)
    assert listed(ports, two) == []


def test_a_second_block_changes_nothing(ports, people):
    one, two, three, *_ = people
    blocks(ports, one, two, three)
    before = ports.block_store.page(one, ALL)
    with ports.transaction():
        assert ports.block_store.add(one, two, 9_999) is False
    assert ports.block_store.page(one, ALL) == before


def test_a_removed_block_can_be_made_again(ports, people):
    one, two, *_ = people
    blocks(ports, one, two)
    with ports.transaction():
        assert [ports.block_store.remove(one, two) for _ in range(2)] == [True, False]
        assert ports.block_store.remove(two, one) is False
    assert listed(ports, one) == []
    assert blocks(ports, one, two) == [True]


def test_each_user_numbers_their_own_blocks(ports, people):
    one, two, three, four, _ = people
    blocks(ports, two, one, three)
    blocks(ports, one, two, three)
    with ports.transaction():
        ports.block_store.remove(one, two)
    blocks(ports, one, four, two)
    assert [(block.number, block.blocked_id) for block in ports.block_store.all_of(one, 0, 9)] == [
        *((2, three), (3, four), (4, two))
    ]
    assert [ports.block_store.count(user_id) for user_id in (one, two, three)] == [3, 2, 0]


def test_a_block_is_rolled_back_with_its_transaction(ports, people):
    one, two, *_ = people
    with undone(ports):
        ports.block_store.add(one, two, 1)
    assert listed(ports, one) == []


def test_the_blockers_between_a_user_and_others(ports, people):
    one, two, three, four, five = people
    blocks(ports, one, two, five)
    blocks(ports, three, one)
    blocks(ports, two, three)
    between = ports.block_store.blockers_between
    assert set(between(one, [two])) == {one}
    assert set(between(two, [one])) == {one}
    assert set(between(one, [three])) == {three}
    assert set(between(one, [two, three, four])) == {one, three}
    assert set(between(four, [one, two, three])) == set()
    assert set(between(one, [])) == set()
    blocks(ports, two, one)
    assert set(between(one, [two])) == {one, two}


def test_the_users_whom_a_user_blocks(ports, people):
    one, two, three, *_ = people
    blocks(ports, one, two, three)
    blocks(ports, two, one)
    assert set(ports.block_store.blocked_by([one])) == {(one, two), (one, three)}
    assert set(ports.block_store.blocked_by([two, one, three])) == {(one, two), (one, three), (two, one)}
    assert set(ports.block_store.blocked_by([three])) == set()


def test_pages_of_blocks_begin_with_the_newest(ports, people):
    one, two, three, four, five = people
    blocks(ports, one, four, two, five, three)
    blocks(ports, two, one)
    numbers = [block.number for block in ports.block_store.page(one, ALL)]
    assert listed(ports, one) == [three, five, two, four]
    assert listed(ports, one, Window(1)) == [three, five]
    assert listed(ports, one, Window(2, after=(numbers[1],))) == [two, four]
    assert listed(ports, one, Window(2, before=(numbers[3],))) == [three, five, two]


def test_all_blocks_of_a_user_in_the_order_of_making(ports, people):
    one, two, three, four, _ = people
    blocks(ports, one, four, two, three)
    first, second, third = ports.block_store.all_of(one, 0, 9)
    assert [block.blocked_id for block in (first, second, third)] == [four, two, three]
    assert ports.block_store.all_of(one, first.number, 1) == [second]
    assert list(ports.block_store.all_of(one, third.number, 9)) == []


def test_an_erased_user_blocks_nobody_and_is_blocked_by_nobody(ports, people):
    one, two, three, four, _ = people
    blocks(ports, one, two)
    blocks(ports, three, one, two)
    blocks(ports, two, one)
    with ports.transaction():
        assert list(ports.block_store.erase(one)) == [two, three]
        assert list(ports.block_store.erase(four)) == []
    assert [listed(ports, user_id) for user_id in (one, two, three)] == [[], [], [two]]


def test_people_are_read_together_with_the_blocks_of_their_viewers(ports, people):
    one, two, three, four, _ = people
    blocks(ports, one, two, three, four)
    blocks(ports, two, three, one)
    blocks(ports, four, three)

    def read(user_ids, viewer_ids):
        users, pairs = ports.user_store.with_blocks(user_ids, viewer_ids)
        assert users == ports.user_store.by_ids(user_ids)
        return sorted(pairs)

    assert read({two, three}, [one]) == [(one, two), (one, three)]
    assert read({one, three}, [one]) == [(one, three)]
    assert read({two, three}, [three]) == []
    assert read({three, 99}, [one, two, three]) == [(one, three), (two, three)]
    assert read({one, two, three, four}, [one, two]) == [
        *((one, two), (one, three), (one, four)),
        *((two, one), (two, three)),
    ]
    assert read({three}, []) == []
    assert read(set(), [one]) == []
    assert read(set(), [one, two]) == []
