"""`NoticeBoard`: typing notices between workers, on every adapter."""

import multiprocessing
from contextlib import closing

import pytest

from contract.redises import Redises
from minichat.adapters.memory import MemoryNoticeBoard
from minichat.adapters.notices import CAPACITY, SharedMemoryNoticeBoard
from minichat.domain.model import TypingNotice

PAUSE = 3_000


@pytest.fixture
def path(tmp_path):
    return tmp_path / "typing"


@pytest.fixture(params=["memory", "board", "redis", "redis that is away"])
def notices(request, path):
    if request.param == "memory":
        return MemoryNoticeBoard()
    if request.param == "board":
        return SharedMemoryNoticeBoard(path)
    redises: Redises = request.getfixturevalue("redises")
    return (redises.adapters() if request.param == "redis" else redises.away()).notice_board(
        SharedMemoryNoticeBoard(path)
    )


def test_a_new_board_is_empty(notices):
    assert notices.end() == 0
    assert notices.after(0) == ([], 0)


def test_notices_are_in_order_from_any_position(notices):
    posted = [TypingNotice(room, 2**53 - 1, 5_000 + room) for room in range(5)]
    assert all(notices.post(notice, PAUSE) for notice in posted)
    for position in range(6):
        assert notices.after(position) == (posted[position:], 5)
    assert notices.end() == 5


def test_a_notice_is_posted_again_only_after_the_pause(notices):
    assert notices.post(TypingNotice(1, 7, 10_000), PAUSE)
    assert not notices.post(TypingNotice(1, 7, 12_999), PAUSE)
    assert notices.post(TypingNotice(2, 7, 12_999), PAUSE)
    assert notices.post(TypingNotice(1, 8, 12_999), PAUSE)
    assert notices.post(TypingNotice(1, 7, 13_000), PAUSE)
    assert notices.end() == 4


def test_a_full_board_drops_the_oldest_notices(path):
    board = SharedMemoryNoticeBoard(path)
    for number in range(CAPACITY + 5):
        assert board.post(TypingNotice(number, 1, number * PAUSE), PAUSE)
    found, position = board.after(0)
    assert [notice.room_id for notice in found] == list(range(5, CAPACITY + 5))
    assert position == CAPACITY + 5


def test_all_processes_that_map_a_board_share_its_notices(path):
    with closing(multiprocessing.get_context("spawn").Pool(2)) as pool:
        assert sum(pool.starmap(_post, [(path, user) for user in range(4)])) == 4 * 50
    found, position = SharedMemoryNoticeBoard(path).after(0)
    assert position == 200
    assert {(notice.user_id, notice.room_id) for notice in found} == {(u, r) for u in range(4) for r in range(50)}


def _post(path, user):
    board = SharedMemoryNoticeBoard(path)
    return sum(board.post(TypingNotice(room, user, 1_000), PAUSE) for room in range(50))


def test_only_the_owner_can_read_a_board(path):
    SharedMemoryNoticeBoard(path).end()
    assert path.stat().st_mode & 0o777 == 0o600
