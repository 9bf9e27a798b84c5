"""The port `MediaStore`: in memory and as files."""

import contextlib
import os
import resource
import socket
import stat
import time
from contextlib import contextmanager

import pytest

from minichat.adapters.media import FileMedia, MediaUnavailable
from minichat.adapters.memory import MemoryClock, MemoryMediaStore
from minichat.domain.errors import Unavailable

HOUR = 3_600_000


class AsFiles:
    """`FileMedia` in a new folder, with files whose age the test chooses."""

    def __init__(self, folder):
        self.folder = folder
        self.media = FileMedia(folder)

    def waits(self, seconds):
        for file in self.folder.iterdir():
            changed = file.stat().st_mtime - seconds
            os.utime(file, (changed, changed))


class InMemory:
    def __init__(self, _folder):
        clock = MemoryClock()
        self.media = MemoryMediaStore(clock)
        self.waits = clock.advance


@pytest.fixture(params=[AsFiles, InMemory])
def store(request, tmp_path):
    return request.param(tmp_path / "media" / "avatars")


@pytest.fixture
def media(store):
    return store.media


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "media" / "avatars"


@pytest.fixture
def files(folder):
    return FileMedia(folder)


def test_a_picture_can_be_read_until_it_is_removed(media):
    name = media.add(b"picture")
    assert media.read(name) == b"picture"
    media.remove(name)
    assert media.read(name) is None


def test_each_picture_has_a_unique_name(media):
    assert len({media.add(b"the same") for _ in range(50)}) == 50


def test_an_unknown_name_is_a_miss_and_can_be_removed(media):
    assert media.read("A" * 22) is None
    media.remove("A" * 22)


def test_names_are_returned_with_their_ages(store):
    assert list(store.media.names()) == []
    old = store.media.add(b"old")
    store.waits(3600)
    new = store.media.add(b"new")
    ages = dict(store.media.names())
    assert set(ages) == {old, new}
    assert 0 <= ages[new] < 60_000
    assert HOUR <= ages[old] < HOUR + 60_000


def test_old_pictures_can_be_found_and_removed(store):
    old = store.media.add(b"old")
    store.waits(3600)
    new = store.media.add(b"new")
    for name, age in list(store.media.names()):
        if age >= HOUR:
            store.media.remove(name)
    assert (store.media.read(old), store.media.read(new)) == (None, b"new")


# Files


def test_a_name_cannot_be_guessed_from_other_names(files):
    """Each character but the last (which holds two bits) may be any letter."""
    names = [files.add(b"the same") for _ in range(40)]
    assert all(len({name[place] for name in names}) >= 8 for place in range(21))


def test_files_and_folders_are_for_their_owner_alone(files, folder):
    name = files.add(b"picture")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / f"{name}.webp").stat().st_mode) == 0o600


def test_reading_creates_no_folder(files, folder):
    files.read("A" * 22)
    files.remove("A" * 22)
    assert list(files.names()) == []
    assert not folder.parent.exists()


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../secret", "secret", "A" * 21, "A" * 23, "A" * 22 + "\n", "é" * 22),
        *("A" * 21 + "/", "/" + "A" * 21, "../../" + "A" * 16, "A" * 21 + "\0"),
    ],
    ids=ascii,
)
def test_a_malformed_name_is_not_looked_up(files, folder, name):
    files.add(b"picture")
    (folder.parent / "secret.webp").write_bytes(b"secret")
    (folder / "secret.webp").write_bytes(b"secret")
    assert files.read(name) is None
    files.remove(name)
    assert (folder / "secret.webp").exists()
    assert (folder.parent / "secret.webp").exists()


def test_a_draft_left_by_a_crash_cannot_be_read_and_can_be_removed(files, folder):
    files.add(b"picture")
    draft = folder / ("B" * 22 + ".draft")
    draft.write_bytes(b"half a pict")
    assert files.read("B" * 22) is None
    assert "B" * 22 in dict(files.names())
    files.remove("B" * 22)
    assert not draft.exists()


def test_other_files_in_the_folder_are_ignored(files, folder):
    name = files.add(b"picture")
    (folder / "README.txt").write_text("hello")
    assert set(dict(files.names())) == {name}


def test_a_picture_is_synced_before_its_rename_and_the_folder_afterwards(files, folder, monkeypatch):
    done = []
    fsync = os.fsync

    def watched(descriptor):
        fsync(descriptor)
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        done.append(("folder" if is_folder else "file", [file.suffix for file in folder.iterdir()]))

    monkeypatch.setattr(os, "fsync", watched)
    files.add(b"picture")
    assert done == [("file", [".draft"]), ("folder", [".webp"])]


@contextmanager
def files_of_at_most(size):
    """Limit the size of files, to imitate a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_unavailable_and_leaves_nothing(files, folder):
    kept = files.add(b"picture")
    with files_of_at_most(1_000), pytest.raises(Unavailable):
        files.add(bytes(10_000))
    assert [file.name for file in folder.iterdir()] == [f"{kept}.webp"]
    assert files.read(files.add(bytes(10_000))) == bytes(10_000)


def test_a_disk_that_fails_to_sync_the_folder_leaves_nothing(files, folder, monkeypatch):
    fsync = os.fsync

    def fails(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(5, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(Unavailable):
        files.add(b"picture")
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_created_raises_unavailable(tmp_path):
    (tmp_path / "file").write_text("no folder")
    files = FileMedia(tmp_path / "file" / "avatars")
    with pytest.raises(Unavailable):
        files.add(b"picture")
    with pytest.raises(Unavailable):
        files.read("A" * 22)
    with pytest.raises(MediaUnavailable):
        list(files.names())
    files.remove("A" * 22)


def test_prepare_makes_the_folder_and_leaves_no_file(files, folder):
    files.prepare()
    files.prepare()
    assert list(folder.iterdir()) == []
    assert [stat.S_IMODE(made.stat().st_mode) for made in (folder.parent, folder)] == [0o700, 0o700]


@pytest.mark.parametrize("place", ["file/avatars", "/proc/avatars", "/proc/self"])
def test_prepare_fails_if_the_folder_cannot_be_made_or_written(tmp_path, place):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(MediaUnavailable):
        FileMedia(tmp_path / place).prepare()


def test_a_file_that_cannot_be_removed_is_only_logged(files, folder, caplog):
    name = files.add(b"picture")
    (folder / f"{name}.webp").unlink()
    (folder / f"{name}.webp").mkdir()
    files.remove(name)
    assert "can't be removed" in caplog.text


def test_ages_follow_the_clock_of_the_host(files, folder):
    name = files.add(b"picture")
    an_hour_ago = time.time() - 3600
    os.utime(folder / f"{name}.webp", (an_hour_ago, an_hour_ago))
    [(_, age)] = files.names()
    assert age == pytest.approx(HOUR, abs=60_000)


def a_pipe(path, _outside):
    os.mkfifo(path)


def a_socket(path, _outside):
    with socket.socket(socket.AF_UNIX) as server, contextlib.chdir(path.parent):  # a long path is no address
        server.bind(path.name)


def a_folder(path, _outside):
    path.mkdir()


def a_link_to_a_file(path, outside):
    outside.write_bytes(b"secret")
    path.symlink_to(outside)


def a_link_to_a_device(path, _outside):
    path.symlink_to("/dev/zero")


def a_link_to_itself(path, _outside):
    path.symlink_to(path)


def a_link_to_nothing(path, outside):
    path.symlink_to(outside)


IRREGULAR = [a_pipe, a_socket, a_folder, a_link_to_a_file, a_link_to_a_device, a_link_to_itself, a_link_to_nothing]


@pytest.mark.parametrize("make", IRREGULAR)
@pytest.mark.timeout(10)
def test_a_picture_that_is_no_regular_file_is_missing_and_not_copied(files, folder, tmp_path, make):
    kept, replaced = files.add(b"kept"), files.add(b"replaced")
    path = folder / f"{replaced}.webp"
    path.unlink()
    make(path, tmp_path / "outside")
    copied = FileMedia(tmp_path / "copy")
    assert files.read(replaced) is None
    assert not files.has(replaced)
    assert [name for name, _ in files.names()] == [kept]
    assert files.copy_to(copied) == {kept}
    assert [file.name for file in (tmp_path / "copy").iterdir()] == [f"{kept}.webp"]


@pytest.mark.parametrize("make", [make for make in IRREGULAR if make is not a_folder])
@pytest.mark.timeout(10)
def test_a_copy_replaces_what_is_no_regular_file(files, tmp_path, make):
    name = files.add(b"picture")
    copied = FileMedia(tmp_path / "copy")
    copied.prepare()
    make(tmp_path / "copy" / f"{name}.webp", tmp_path / "outside")
    assert files.copy_to(copied) == {name}
    assert copied.read(name) == b"picture"
    outside = tmp_path / "outside"
    assert not outside.exists() or outside.read_bytes() == b"secret"
