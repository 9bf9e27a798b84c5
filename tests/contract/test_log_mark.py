"""The mark beside an SQLite file: no position of a client is valid in a copy that was put in the place of the file."""

import os
import shutil
from contextlib import contextmanager, suppress

import pytest

from minichat.adapters.peewee import open_database
from minichat.adapters.peewee.engine.sqlite import Sqlite
from minichat.adapters.peewee.operations import migrate
from minichat.adapters.peewee.operations.backup import copy
from minichat.adapters.peewee.stores.changes import change_store
from minichat.adapters.peewee.stores.log_mark import LogMark
from minichat.domain.model import Change, ChangeKind

NAME = "chat.sqlite3"


class Life:
    """One run of a server on the file in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder / NAME
        self._database = open_database(f"sqlite:///{self.path}")
        migrate.upgrade(self._database)
        self._changes = change_store(self._database)

    def write(self, count=1):
        for _ in range(count):
            with self._database.writing():
                self._changes.record(Change(ChangeKind.ROOM_UPDATED, 1, 1))

    def read_and_undo(self, count=1):
        """Write changes, read the log, and roll back."""
        with suppress(ZeroDivisionError), self._database.writing():
            for _ in range(count):
                self._changes.record(Change(ChangeKind.ROOM_UPDATED, 1, 1))
            self._changes.after(self.end(), 10)
            raise ZeroDivisionError

    def end(self):
        """Return the position that a client gets now."""
        return self._changes.ends().last

    def back_up(self, target):
        assert isinstance(self._database, Sqlite)
        target.touch()
        copy(self._database, target)

    def close(self):
        self._database.close_connections()


@contextmanager
def life(folder):
    """The server stops at the end of the block."""
    running = Life(folder)
    try:
        yield running
    finally:
        running.close()


def epoch_of(folder):
    with life(folder) as running:
        return running.end()[0]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "instance"
    folder.mkdir()
    with life(folder) as running:
        running.write(3)
        running.end()
    return folder


@pytest.fixture
def backup(folder, tmp_path):
    """A copy of the folder, after which clients saw more of the log."""
    shutil.copytree(folder, tmp_path / "backup")
    with life(folder) as running:
        running.write()
        running.end()
    return tmp_path / "backup"


def marks(folder):
    return [*folder.glob(f"{NAME}-log-*")]


def test_positions_stay_valid_after_a_transaction_that_read_its_own_changes_and_failed(folder):
    epoch = epoch_of(folder)
    with life(folder) as running:
        running.read_and_undo(5)
    assert epoch_of(folder) == epoch


def test_positions_stay_valid_over_restarts(folder):
    epochs = {epoch_of(folder) for _ in range(3)}
    assert len(epochs) == 1
    assert len(marks(folder)) == 1


def test_positions_stay_valid_after_a_kill(folder):
    killed = Life(folder)  # never closed
    killed.write(2)
    before = killed.end()
    with life(folder) as running:
        assert running.end() == before
    killed.close()


def overwrite(folder, backup):
    with (folder / NAME).open("r+b") as file:  # as `cp` does: the inode stays
        file.truncate()
        file.write((backup / NAME).read_bytes())


def replace(folder, backup):
    shutil.copy(backup / NAME, folder / "new")
    (folder / "new").rename(folder / NAME)


def copy_all_over_the_folder(folder, backup):
    shutil.copytree(backup, folder, dirs_exist_ok=True)


def replace_the_folder(folder, backup):
    shutil.rmtree(folder)
    shutil.copytree(backup, folder)


def exchange_the_folder(folder, backup):
    folder.rename(folder.with_name("before"))
    shutil.copytree(backup, folder)


def remove_the_mark_too(folder, backup):
    overwrite(folder, backup)
    for mark in marks(folder):
        mark.unlink()


@pytest.mark.parametrize(
    "restore",
    [overwrite, replace, copy_all_over_the_folder, replace_the_folder, exchange_the_folder, remove_the_mark_too],
)
def test_a_restored_copy_has_a_new_epoch(folder, backup, restore):
    before = epoch_of(folder)
    restore(folder, backup)
    epoch = epoch_of(folder)
    assert epoch != before
    assert epoch_of(folder) == epoch, "the next start keeps it"


def test_a_copy_made_while_the_server_runs_has_a_new_epoch_in_its_place(folder, tmp_path):
    with life(folder) as running:
        running.write()
        for suffix in ("", "-wal"):
            shutil.copy(f"{running.path}{suffix}", tmp_path / f"copy{suffix}")
        running.write()
        before = running.end()
    for suffix in ("", "-wal"):
        shutil.copy(tmp_path / f"copy{suffix}", f"{folder / NAME}{suffix}")
    with life(folder) as running:
        assert running.end()[1] == before[1] - 1, "the copy is older"
        assert running.end()[0] != before[0]


def test_a_clone_in_another_place_has_a_new_epoch(folder, tmp_path):
    clone = tmp_path / "clone"
    clone.mkdir()
    shutil.copy(folder / NAME, clone / NAME)
    assert epoch_of(clone) != epoch_of(folder)


def test_a_copy_that_holds_all_that_clients_saw_keeps_its_epoch(folder, tmp_path):
    with life(folder) as running:
        epoch = running.end()[0]
    shutil.copy(folder / NAME, tmp_path / "copy")
    with life(folder) as running:
        running.write(5)  # which no client reads
    shutil.copy(tmp_path / "copy", folder / NAME)
    assert epoch_of(folder) == epoch


def test_a_copy_by_minichat_backup_has_a_new_epoch_although_the_mark_fits(folder, tmp_path):
    with life(folder) as running:
        epoch = running.end()[0]
        running.back_up(tmp_path / "copy")
    shutil.copy(tmp_path / "copy", folder / NAME)
    assert epoch_of(folder) != epoch


@pytest.mark.parametrize(
    "content", [b"", b"short", bytes(16), b"another 64 bytes" * 4], ids=["empty", "short", "zeros", "long"]
)
def test_a_damaged_mark_begins_a_new_epoch(folder, content):
    before = epoch_of(folder)
    [mark] = marks(folder)
    mark.write_bytes(content)
    assert epoch_of(folder) != before


def test_a_mark_that_is_no_file_begins_a_new_epoch(folder):
    before = epoch_of(folder)
    [mark] = marks(folder)
    mark.unlink()
    mark.mkdir()
    assert epoch_of(folder) != before


def test_the_mark_holds_the_highest_position_of_all_processes(folder):
    epoch = epoch_of(folder)
    one, other = LogMark(folder / NAME), LogMark(folder / NAME)
    one.raise_to(40)
    other.raise_to(70)
    one.raise_to(50)
    assert not LogMark(folder / NAME).fits(epoch, 69)
    assert LogMark(folder / NAME).fits(epoch, 70)


def test_a_mark_that_cannot_be_raised_is_removed(folder):
    mark = LogMark(folder / NAME)
    mark.raise_to(4)
    assert mark._file is not None
    os.close(mark._file)
    mark.raise_to(5)
    assert marks(folder) == []


def test_only_the_owner_can_read_a_mark(folder):
    [mark] = marks(folder)
    assert mark.stat().st_mode & 0o777 == 0o600
