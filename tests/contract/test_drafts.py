"""`adapters.drafts`: a file is there as a whole or not at all."""

import os
import stat
from contextlib import suppress

import pytest

from minichat.adapters.drafts import IsThere, NotWritten, draft


class Unfinished(Exception):
    pass


@pytest.fixture
def path(tmp_path):
    return tmp_path / "made [1].txt"


def names(path):
    return sorted(found.name for found in path.parent.iterdir())


def test_a_file_comes_under_its_name_when_it_is_done_and_for_its_owner_alone(path):
    with draft(path) as file:
        file.write_text("half")
        assert not path.exists()
        file.write_text("whole")
    assert path.read_text() == "whole"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(path) == [path.name]


@pytest.mark.parametrize("before", [None, "before"])
def test_a_file_that_can_not_be_finished_leaves_what_was_there(path, before):
    if before is not None:
        path.write_text(before)
    with suppress(Unfinished), draft(path, replace=True) as file:
        file.write_text("half")
        file.with_name(f"{path.name}-wal").write_text("beside it")
        raise Unfinished
    assert names(path) == ([] if before is None else [path.name])
    assert before is None or path.read_text() == before


def test_a_file_that_is_there_is_replaced_only_if_that_was_asked_for(path):
    path.write_text("before")
    with pytest.raises(IsThere), draft(path):
        pytest.fail("it was begun")
    assert path.read_text() == "before"
    with draft(path, replace=True) as file:
        file.write_text("after")
    assert path.read_text() == "after"


def test_a_file_that_comes_meanwhile_is_not_replaced(path):
    with pytest.raises(IsThere), draft(path):
        path.write_text("another's")
    assert path.read_text() == "another's"


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_never_replaced(path, make):
    make(path)
    with pytest.raises(NotWritten, match="is not a file"), draft(path, replace=True):
        pytest.fail("it was begun")
    assert names(path) == [path.name]


def test_two_at_once_are_one_and_a_refusal(path):
    with draft(path) as file:
        with pytest.raises(NotWritten, match="Another process is writing"), draft(path):
            pytest.fail("there were two")
        file.write_text("the first")
    assert path.read_text() == "the first"


def test_what_a_killed_process_has_left_is_cleared_away_and_what_others_keep_there_is_not(path):
    folder = path.with_name(f"{path.name}.part")
    folder.mkdir()
    for name in (path.name, f"{path.name}-wal", "another's"):
        (folder / name).write_text("left")
    with draft(path) as file:
        assert file.read_text() == ""
        assert sorted(found.name for found in folder.iterdir()) == sorted(["another's", path.name])
    assert [found.name for found in folder.iterdir()] == ["another's"]


def test_a_folder_that_is_not_there_is_an_error_of_the_disk(path):
    with pytest.raises(FileNotFoundError), draft(path.parent / "nowhere" / "file"):
        pytest.fail("it was begun")
