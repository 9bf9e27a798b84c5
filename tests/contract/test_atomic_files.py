"""`atomic_files`: a file appears complete, or it does not appear."""

import os
import stat
from contextlib import suppress

import pytest

from minichat.atomic_files import FileIsThere, NotWritten, atomic_file, write_file


class Unfinished(Exception):
    pass


@pytest.fixture
def path(tmp_path):
    return tmp_path / "made [1].txt"


def names(path):
    return sorted(found.name for found in path.parent.iterdir())


def test_a_file_is_renamed_when_complete_and_readable_by_its_owner_only(path):
    with atomic_file(path) as file:
        file.write_text("half")
        assert not path.exists()
        file.write_text("whole")
    assert path.read_text() == "whole"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(path) == [path.name]


@pytest.mark.parametrize("before", [None, "before"])
def test_an_unfinished_file_leaves_the_old_file_unchanged(path, before):
    if before is not None:
        path.write_text(before)
    with suppress(Unfinished), atomic_file(path, replace=True) as file:
        file.write_text("half")
        file.with_name(f"{path.name}-wal").write_text("beside it")
        raise Unfinished
    assert names(path) == ([] if before is None else [path.name])
    assert before is None or path.read_text() == before


def test_an_existing_file_is_replaced_only_on_request(path):
    path.write_text("before")
    with pytest.raises(FileIsThere), atomic_file(path):
        pytest.fail("it was begun")
    assert path.read_text() == "before"
    with atomic_file(path, replace=True) as file:
        file.write_text("after")
    assert path.read_text() == "after"


def test_a_file_that_another_program_creates_meanwhile_is_not_replaced(path):
    with pytest.raises(FileIsThere), atomic_file(path):
        path.write_text("another's")
    assert path.read_text() == "another's"


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_folder_or_a_pipe_is_never_replaced(path, make):
    make(path)
    with pytest.raises(NotWritten, match="is not a file"), atomic_file(path, replace=True):
        pytest.fail("it was begun")
    assert names(path) == [path.name]


def test_a_second_concurrent_writer_is_refused(path):
    with atomic_file(path) as file:
        with pytest.raises(NotWritten, match="Another process is writing"), atomic_file(path):
            pytest.fail("there were two")
        file.write_text("the first")
    assert path.read_text() == "the first"


def test_drafts_of_a_killed_process_are_removed_and_other_files_are_kept(path):
    folder = path.with_name(f"{path.name}.part")
    folder.mkdir()
    for name in (path.name, f"{path.name}-wal", "another's"):
        (folder / name).write_text("left")
    with atomic_file(path) as file:
        assert file.read_text() == ""
        assert sorted(found.name for found in folder.iterdir()) == sorted(["another's", path.name])
    assert [found.name for found in folder.iterdir()] == ["another's"]


def test_a_missing_folder_is_an_os_error(path):
    with pytest.raises(FileNotFoundError), atomic_file(path.parent / "nowhere" / "file"):
        pytest.fail("it was begun")


# Whole contents at once


def test_written_data_replaces_the_old_file_and_only_its_owner_can_read_it(path):
    for data in (b"first", b"second"):
        write_file(path, data, draft=path.with_name("draft"))
        assert path.read_bytes() == data
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(path) == [path.name]


def test_an_exclusive_writer_never_replaces_a_file(path):
    write_file(path, b"first", draft=path.with_name("draft"), is_exclusive=True)
    with pytest.raises(FileExistsError):
        write_file(path, b"second", draft=path.with_name("draft"), is_exclusive=True)
    assert path.read_bytes() == b"first"
    assert names(path) == [path.name]


def test_a_draft_of_another_writer_is_left_alone(path):
    draft = path.with_name("draft")
    draft.write_bytes(b"half")
    with pytest.raises(FileExistsError):
        write_file(path, b"whole", draft=draft)
    assert draft.read_bytes() == b"half"
    assert not path.exists()
