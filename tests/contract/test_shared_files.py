"""Files that the processes of a host share: whose they are, and that nothing of them stays."""

import multiprocessing
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from faults.disk import small_disk
from minichat.adapters.notices import SharedMemoryNoticeBoard
from minichat.adapters.shared_files import TemporaryFolder
from minichat.adapters.slots import FILES, FileStreamSlots
from minichat.domain.model import TypingNotice
from minichat.serving.shared_memory import new_folder

FILE = Path("streams")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The folder of this user in a temporary folder of the test."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path / f"minichat-{os.geteuid()}"


def opened(folder):
    """Open the file and close it again: the folder stays in use."""
    os.close(folder.open(FILE))
    return folder


def test_files_are_in_a_folder_for_this_user_alone(place):
    folder = opened(TemporaryFolder("chat"))
    assert [path.relative_to(place).as_posix() for path in sorted(place.rglob("*"))] == ["chat", "chat/streams"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (place, place / "chat", place / "chat" / FILE)] == [
        0o700,
        0o700,
        0o600,
    ]
    folder._leave()


def test_the_last_user_removes_the_folder(place, tmp_path):
    first, second, other = (opened(TemporaryFolder(name)) for name in ("chat", "chat", "another chat"))
    first._leave()
    assert (place / "chat" / FILE).exists()
    second._leave()
    assert [path.name for path in place.iterdir()] == ["another chat"]
    other._leave()
    assert list(tmp_path.iterdir()) == []
    opened(first)._leave()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_the_session_has_precedence(place, tmp_path, monkeypatch):
    runtime = tmp_path / "run"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    without = opened(TemporaryFolder("chat"))
    assert place.exists()
    runtime.mkdir()
    within = opened(TemporaryFolder("chat"))
    assert (runtime / "minichat" / "chat" / FILE).exists()
    without._leave()
    within._leave()
    assert [path.name for path in tmp_path.rglob("*")] == ["run"]


def a_link(place):
    (place.parent / "target").mkdir(mode=0o700)
    place.symlink_to(place.parent / "target")


def a_link_to_nothing(place):
    place.symlink_to(place.parent / "nothing")


def a_file(place):
    place.touch()


def a_socket(place):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place))


def a_folder_open_to_others(place):
    place.mkdir()
    place.chmod(0o777)


def a_folder_of_another_user(place):
    place.mkdir(mode=0o700)
    os.chown(place, 65_534, -1)


def a_folder_with_a_link_in_the_place_of_the_database(place):
    place.mkdir(mode=0o700)
    (place / "chat").symlink_to("/")


def a_folder_with_a_link_in_the_place_of_the_file(place):
    (place / "chat").mkdir(mode=0o700, parents=True)
    place.chmod(0o700)
    (place / "chat" / FILE).symlink_to(place.parent / "victim")


FOREIGN = [
    *(a_link, a_link_to_nothing, a_file, a_socket, a_folder_open_to_others),
    *([a_folder_of_another_user] if os.geteuid() == 0 else []),  # only root can make one
    *(a_folder_with_a_link_in_the_place_of_the_database, a_folder_with_a_link_in_the_place_of_the_file),
]


@pytest.mark.parametrize("make", FOREIGN)
def test_links_and_files_of_others_are_refused_and_each_worker_works_alone(place, caplog, make):
    make(place)
    before = sorted(place.parent.rglob("*"))
    folder = TemporaryFolder("chat")
    with pytest.raises(OSError, match=r"streams|chat|minichat"):
        folder.open(FILE)
    slots = FileStreamSlots(FILE, 1, folder.open)
    assert (slots.acquire(FILES), slots.acquire(FILES)) == (0, None)
    assert "can't share the limit of streams" in caplog.text
    assert sorted(place.parent.rglob("*")) == before


def test_the_folder_is_made_when_the_obstacle_is_gone(place):
    a_file(place)
    folder = TemporaryFolder("chat")
    with pytest.raises(OSError, match=place.name):
        folder.open(FILE)
    place.unlink()
    opened(folder)._leave()
    assert not place.exists()


def test_users_that_come_and_go_at_the_same_time_share_one_file_and_leave_nothing(place, tmp_path):
    start, wrong = threading.Barrier(8), []

    def come_and_go():
        start.wait()
        for _ in range(50):
            folder = TemporaryFolder("chat")
            file = folder.open(FILE)
            if os.fstat(file).st_ino != (place / "chat" / FILE).stat().st_ino:
                wrong.append("another file")
            os.close(file)
            folder._leave()

    threads = [threading.Thread(target=come_and_go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert list(tmp_path.iterdir()) == []


def test_a_forked_process_keeps_the_folder_of_its_parent(place):
    folder = opened(TemporaryFolder("chat"))

    def child():
        folder._leave()  # as at its exit
        opened(folder)._leave()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert (place / "chat" / FILE).exists()
    folder._leave()
    assert not place.exists()


USING = """
import os, sys
from pathlib import Path
from minichat.adapters.shared_files import TemporaryFolder
TemporaryFolder("chat").open(Path("streams"))
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_process_removes_the_folder_at_its_end_and_what_killed_processes_have_left(place, tmp_path):
    def start():
        process = subprocess.Popen([sys.executable, "-c", USING], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return process

    killed = start()
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    assert (place / "chat" / FILE).exists()
    ends = start()
    ends.communicate()
    assert ends.returncode == 0
    killed.communicate()
    assert list(tmp_path.iterdir()) == []


def test_a_board_without_room_for_its_file_serves_this_worker(caplog):
    board = SharedMemoryNoticeBoard(FILE, lambda _: os.open("/dev/full", os.O_RDWR))
    assert board.post(TypingNotice(1, 2, 5_000), 3_000)
    assert board.after(0) == ([TypingNotice(1, 2, 5_000)], 1)
    assert "can't share typing notices" in caplog.text


# The folder of `minichat serve`


def test_the_workers_use_the_first_place_that_can_be_written(tmp_path):
    (tmp_path / "file").touch()
    folder = new_folder([tmp_path / "missing", tmp_path / "file", Path("/proc"), tmp_path])
    assert folder.parent == tmp_path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with pytest.raises(OSError, match="/proc can't be used"):
        new_folder([tmp_path / "missing", Path("/proc")])


def test_the_workers_do_not_use_a_full_place(tmp_path):
    with small_disk(print) as disk:
        here = [os.getpid()]
        (disk.folder / "ballast").write_bytes(bytes(2**20))
        disk.fill(here)
        try:
            with pytest.raises(OSError, match=r"No space left|File too large"):
                new_folder([disk.folder])
        finally:
            disk.make_room(here)
        assert [path.name for path in disk.folder.iterdir()] == ["ballast"]
        assert new_folder([disk.folder]).parent == disk.folder


def test_a_link_to_a_folder_is_not_removed_as_abandoned(tmp_path):
    victim = tmp_path / "victim"
    victim.mkdir()
    (tmp_path / "minichat-metrics-link").symlink_to(victim)
    abandoned = tmp_path / "minichat-metrics-old"
    abandoned.mkdir()
    for path in (victim, abandoned):
        os.utime(path, (1, 1))
    os.utime(tmp_path / "minichat-metrics-link", (1, 1), follow_symlinks=False)
    new_folder([tmp_path])
    assert victim.exists()
    assert not abandoned.exists()


COUNTING = """
import os
from pathlib import Path
from minichat.serving.metrics_files import RESERVED_BYTES, release_space, reserve_space
reserve_space()
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
Counter("first", "", ["name"]).labels("a" * 1000).inc()
[file] = folder.iterdir()
assert file.stat().st_blocks * 512 >= RESERVED_BYTES, "the space is reserved"
registry = CollectorRegistry()
MultiProcessCollector(registry)
assert b"first_total" in generate_latest(registry)
release_space(folder, os.getpid())
assert 1000 < file.stat().st_size < 2000, "the space is released"
assert b"first_total" in generate_latest(registry)
from prometheus_client import Gauge
(folder / f"gauge_livesum_{os.getpid()}.db").symlink_to("/dev/full")
gauge = Gauge("second", "", multiprocess_mode="livesum")
gauge.set(7)
assert list(folder.iterdir()) == [file], "no half file stays"
assert gauge._value.get() == 7
assert b"first_total" in generate_latest(registry)
(folder / "counter_1.db").touch()
release_space(folder, 1)
assert b"first_total" in generate_latest(registry), "a worker killed at its start leaves no unreadable file"
"""


def test_a_full_disk_kills_no_worker_that_counts(tmp_path):
    variables = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", COUNTING], env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "has no room for gauge_livesum_" in done.stderr
