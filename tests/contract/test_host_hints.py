"""Hints between the workers of one host: each worker wakes the others, whatever has happened to them."""

import socket
import threading
from pathlib import Path

from minichat.adapters.host_hints import HintingNoticeBoard, HostHints
from minichat.adapters.notices import SharedMemoryNoticeBoard
from minichat.domain.model import TypingNotice

TIMEOUT_SECONDS = 10


class Worker:
    def __init__(self, folder: Path) -> None:
        self.hints = HostHints(folder, is_complete=True)
        self.was_woken = threading.Event()
        self.hints.start(self.was_woken.set)

    def is_woken(self) -> bool:
        return self.was_woken.wait(TIMEOUT_SECONDS)


def test_a_hint_wakes_all_workers(tmp_path: Path) -> None:
    workers = ann, _, _ = Worker(tmp_path), Worker(tmp_path), Worker(tmp_path)
    ann.hints.send()
    assert all(worker.is_woken() for worker in workers)


def test_only_a_new_notice_sends_a_hint(tmp_path: Path) -> None:
    ann = Worker(tmp_path)
    board = HintingNoticeBoard(SharedMemoryNoticeBoard(tmp_path / "typing"), HostHints(tmp_path, is_complete=True).send)
    assert board.post(TypingNotice(1, 2, 3_000), 100)
    assert ann.is_woken()
    ann.was_woken.clear()
    assert not board.post(TypingNotice(1, 2, 3_050), 100)
    assert not ann.was_woken.is_set()
    assert board.after(0) == ([TypingNotice(1, 2, 3_000)], board.end())


def test_a_worker_without_listeners_wakes_the_others(tmp_path: Path) -> None:
    ann = Worker(tmp_path)
    HostHints(tmp_path, is_complete=True).send()
    assert ann.is_woken()


def test_a_worker_that_starts_later_is_found(tmp_path: Path) -> None:
    ann = Worker(tmp_path)
    ann.hints.send()
    bob = Worker(tmp_path)
    ann.hints.send()
    assert bob.is_woken()


def test_the_socket_of_a_dead_worker_is_removed(tmp_path: Path) -> None:
    dead = tmp_path / "hints-1-1"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(dead))
    ann, bob = Worker(tmp_path), Worker(tmp_path)
    ann.hints.send()
    assert bob.is_woken()
    assert not dead.exists()


def test_a_worker_that_reads_no_hints_delays_nobody(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stuck:
        stuck.bind(str(tmp_path / "hints-1-1"))
        ann = HostHints(tmp_path, is_complete=True)
        for _ in range(2_000):
            ann.send()
        bob = Worker(tmp_path)
        ann.send()
        assert bob.is_woken()


def test_workers_without_a_usable_folder_receive_no_hints(tmp_path: Path) -> None:
    ann = Worker(tmp_path / "missing")
    Worker(tmp_path).hints.send()
    assert not ann.was_woken.is_set()
    assert not ann.hints.is_connected


def test_hints_are_complete_only_on_a_database_of_one_host(tmp_path: Path) -> None:
    assert Worker(tmp_path).hints.is_connected
    hints = HostHints(tmp_path, is_complete=False)
    hints.start(lambda: None)
    assert not hints.is_connected
