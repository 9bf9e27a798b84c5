"""The standard streams of the commands: closed pipes, full disks, missing streams, and texts in every locale.

Every command runs in the tests' process on real file descriptors. A process of its own shows what only the start of
Python decides.
"""

import contextlib
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from commands import closed_databases, run_minichat
from e2e.crowd import rows
from e2e.test_commands import commands
from faults.disk import small_disk
from minichat.cli import main
from minichat.domain.model import ReportReason
from minichat.wiring import build_services
from servers import BIN, PATIENCE, SECRET, child, environment, sqlite_file_of
from settings import settings_from

PASSWORD = "correct horse battery\n"
DEMO = ["demo", "--users", "4", "--rooms", "2", "--members", "2", "--messages", "30"]
CYRILLIC = "Алёна"
NEW = {"db upgrade", "demo", "createsuperuser", "import"}
"""The commands that print something in an empty folder; the others need a filled database."""
EVERY = {
    "audit": ["audit"],
    "audit in JSON": ["audit", "--json"],
    "backup": ["backup", "copy"],
    "check": ["check"],
    "check in JSON": ["check", "--json"],
    "completion": ["completion", "zsh"],
    "createsuperuser": ["createsuperuser", "--username", "root", "--password-stdin"],
    "db restored": ["db", "restored"],
    "db status": ["db", "status"],
    "db status in JSON": ["db", "status", "--json"],
    "db upgrade": ["db", "upgrade"],
    "demo": DEMO,
    "export": ["export"],
    "export -": ["export", "-"],
    "export to a file": ["export", "copy.jsonl"],
    "import": ["import", "-"],
    "openapi": ["openapi"],
    "prune": ["prune"],
    "reports act": ["reports", "act", "1"],
    "reports act and delete": ["reports", "act", "1", "--delete-message"],
    "reports dismiss": ["reports", "dismiss", "1"],
    "reports list": ["reports", "list"],
    "reports list in JSON": ["reports", "list", "--json"],
    "reports show": ["reports", "show", "1"],
    "users disable": ["users", "disable", CYRILLIC],
    "users enable": ["users", "enable", CYRILLIC],
    "rooms delete": ["rooms", "delete", "2", "--yes"],
    "rooms hand-over": ["rooms", "hand-over", "1", "user2"],
    "rooms list": ["rooms", "list"],
    "rooms list in JSON": ["rooms", "list", "--json"],
    "rooms show": ["rooms", "show", "1"],
    "users create": ["users", "create", "nina", "--link"],
    "users edit": ["users", "edit", "user1", "--first-name", CYRILLIC],
    "users erase": ["users", "erase", "user2", "--yes"],
    "users grant-superuser": ["users", "grant-superuser", "user1"],
    "users list": ["users", "list"],
    "users list in JSON": ["users", "list", "--json"],
    "users list by name": ["users", "list", "--query", CYRILLIC],
    "users logout": ["users", "logout", CYRILLIC],
    "users reset-link": ["users", "reset-link", "user1"],
    "users revoke-superuser": ["users", "revoke-superuser", "user1"],
    "users show": ["users", "show", CYRILLIC],
    "users totp-reset": ["users", "totp-reset", CYRILLIC],
    "users password": ["users", "password", CYRILLIC, "--password-stdin"],
}
HELP = {"--help": ["--help"], "--version": ["--version"], "help of a command": ["users", "list", "--help"]}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder with a database and an export of it."""
    folder = tmp_path_factory.mktemp("filled")
    assert run_minichat(folder, *DEMO).returncode == 0
    named = run_minichat(folder, "createsuperuser", "--username", CYRILLIC, "--password-stdin", says=PASSWORD)
    assert named.returncode == 0
    services = build_services(settings_from({}, root=folder))
    services.superusers.grant(3)  # another one, so that the first can be disabled
    services.reports.make(2, message_id=1, reason=ReportReason.SPAM)
    assert run_minichat(folder, "export", "export.jsonl").returncode == 0
    return folder


@pytest.fixture
def folder(filled, tmp_path):
    """Return a folder in which the command has something to print."""

    def folder(name):
        if name not in NEW:
            shutil.copytree(filled / "instance", tmp_path / "instance")
        return tmp_path

    return folder


def says(name, filled):
    return (filled / "export.jsonl").read_text() if name == "import" else PASSWORD


@contextmanager
def streams(output, errors, typed):
    """Let the standard streams be these files and this text."""
    with (
        tempfile.TemporaryFile("w+", errors="surrogateescape") as given,
        mock.patch.multiple(sys, stdin=given, stdout=output, stderr=errors),
    ):
        given.write(typed)
        given.seek(0)
        yield


def exit_code(folder, args, output, errors, typed="", **settings):
    """Run a command with these files as its standard streams; return its exit code."""
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, environment(**settings), clear=True),
        closed_databases(),
        streams(output, errors, typed),
        pytest.raises(SystemExit) as ended,
    ):
        main(args, prog_name="minichat")
    code = ended.value.code
    return 0 if code is None else code


@contextmanager
def closed_pipe():
    """A pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="ascii") as file:  # noqa: PTH123 - a descriptor is no path
        yield file


def test_the_table_holds_every_command_that_ends():
    listed = {" ".join(words) for words, command in commands() if not hasattr(command, "commands")}
    assert {name for name in listed if any(" ".join(args).startswith(name) for args in EVERY.values())} == listed - {
        "serve"
    }


@pytest.mark.parametrize("name", [*EVERY, *HELP])
def test_a_command_whose_reader_ends_early_ends_quietly(filled, folder, name):
    args = {**EVERY, **HELP}[name]
    with closed_pipe() as pipe, tempfile.TemporaryFile("w+") as errors:
        code = exit_code(folder(name), args, pipe, errors, says(name, filled))
        errors.seek(0)
        assert (code, errors.read()) == (128 + signal.SIGPIPE, "")


@pytest.mark.parametrize("name", [*EVERY, *HELP])
def test_a_command_whose_output_finds_a_full_disk_fails_with_a_sentence(filled, folder, name):
    args = {**EVERY, **HELP}[name]
    with Path("/dev/full").open("w") as full, tempfile.TemporaryFile("w+") as errors:
        code = exit_code(folder(name), args, full, errors, says(name, filled))
        errors.seek(0)
        assert (code, errors.read()) == (1, "Standard output can't be written: No space left on device.\n")


@pytest.mark.parametrize(("name", "label"), [("demo", b"Filling"), ("prune", b"Pruning"), ("export", b"Exporting")])
def test_a_terminal_shows_progress_and_the_output_stays_the_same(folder, name, label):
    there = folder(name)
    person, terminal = pty.openpty()
    with open(terminal, "w") as errors, tempfile.TemporaryFile("w+") as output:  # noqa: PTH123 - a descriptor
        assert exit_code(there, EVERY[name], output, errors) == 0
        assert exit_code(there, ["db", "upgrade"], output, errors) == 0  # which has nothing to index
        errors.write("the end")
        output.seek(0)
        said = output.read()
    shown = b""
    while b"the end" not in shown:
        shown += os.read(person, 1024)
    os.close(person)
    assert label in shown
    assert b"100%" in shown
    assert b"Indexing names" not in shown
    assert said
    assert not {"%", "\r", "\x1b"} & set(said)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["users", "disable", "nobody"], 1),
        (["export", "/"], 1),
        (["import", "-"], 1),
        (["no-such-command"], 2),
        (["audit", "--limit", "x"], 2),
        (["users", "disable", "\udcff"], 2),
        (["users", "list"], 0),
    ],
)
def test_an_error_that_cannot_be_printed_keeps_its_exit_code(folder, tmp_path, args, code):
    with closed_pipe() as pipe, Path("/dev/full").open("w") as full, tempfile.TemporaryFile("w+") as output:
        assert exit_code(folder("audit"), args, output, pipe) == code
        assert exit_code(tmp_path, args, output, full, acces_ttl="a notice") == code


@pytest.mark.parametrize("name", EVERY)
def test_a_command_needs_neither_home_nor_temporary_folder_of_its_user(filled, folder, monkeypatch, name):
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setenv("TMPDIR", "/proc/no-such-folder")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/proc/no-such-folder")
    monkeypatch.setattr(tempfile, "tempdir", None)
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        code = exit_code(folder(name), EVERY[name], output, errors, says(name, filled))
        errors.seek(0)
        assert (code, errors.read()) == ((1, "3 problems found.\n") if name.startswith("check") else (0, ""))


@pytest.mark.parametrize("name", ["users list", "users list by name", "users disable", "export"])
def test_output_to_a_file_is_in_utf_8_whatever_the_locale_says(folder, name):
    with tempfile.TemporaryFile("w+b") as file, open(file.fileno(), "w", encoding="ascii", closefd=False) as output:
        assert exit_code(folder(name), EVERY[name], output, sys.stderr) == 0
        file.seek(0)
        assert CYRILLIC in file.read().decode()


def test_a_pipe_that_does_not_block_gets_the_whole_output(folder):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    counted = subprocess.Popen(["wc", "-c"], stdin=reader, stdout=subprocess.PIPE, text=True)
    os.close(reader)
    with counted, open(writer, "w") as pipe:  # noqa: PTH123 - a descriptor is no path
        assert exit_code(folder("openapi"), ["openapi"], pipe, sys.stderr) == 0
        pipe.close()
        assert counted.stdout is not None
        assert int(counted.stdout.read()) > 2**17


def test_a_password_that_is_not_utf_8_is_reported(folder):
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        args = EVERY["users password"]
        code = exit_code(folder("audit"), args, output, errors, "\udcff horse battery\n")
        errors.seek(0)
        assert (code, errors.read()) == (1, "Standard input is not text in UTF-8.\n")


def test_missing_streams_are_reported_and_no_database_gets_their_descriptors(filled, tmp_path):
    shutil.copytree(filled / "instance", tmp_path / "instance")
    script = """
        minichat users list >&-; echo $?
        minichat export copy.jsonl 2>&- 1>&- <&-; echo $?
        minichat import - <&-; echo $?
    """
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**environment(), "PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == ["1", "1", "1"]
    assert done.stderr.splitlines() == [
        "Standard output can't be written: Bad file descriptor.",
        "Standard input is closed.",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.jsonl", "instance"]
    assert rows(sqlite_file_of(tmp_path), "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("closed", ["</dev/null", "<&-"])
def test_a_prompt_without_a_terminal_names_the_option(tmp_path, closed):
    command = f"exec setsid --wait {BIN}/minichat createsuperuser --username root {closed}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    said = "There is no terminal to prompt at. Pass the password with --password-stdin.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


def test_names_in_every_script_are_printed_without_a_locale(filled, tmp_path):
    shutil.copytree(filled / "instance", tmp_path / "instance")
    variables = {**environment(), "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [BIN / "minichat", "users", "list"], cwd=tmp_path, env=variables, capture_output=True, check=True
    )
    assert CYRILLIC in done.stdout.decode()


def test_an_interrupted_command_says_so_and_ends_as_shells_expect(tmp_path):
    with child(
        [BIN / "minichat", "import", "-"],
        tmp_path,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(secret_key=SECRET),
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(bytes(2**20))  # more than the pipe holds, so the command has begun to read
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 128 + signal.SIGINT
        assert process.stderr.read() == b"Interrupted.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_half_file(tmp_path):
    with small_disk(print) as disk:
        here = [os.getpid()]
        assert run_minichat(disk.folder, *DEMO[:-1], "2000").returncode == 0
        (disk.folder / "ballast").write_bytes(bytes(2**20))
        disk.fill(here)
        try:
            refused = {name: run_minichat(disk.folder, *EVERY[name]) for name in ("backup", "export to a file")}
        finally:
            disk.make_room(here)
        for name, result in refused.items():
            [sentence] = result.stderr.splitlines()
            assert (result.returncode, result.stdout) == (1, ""), name
            assert re.fullmatch(r".* can't be written: .*(No space left on device|File too large)", sentence)
        assert sorted(path.name for path in disk.folder.iterdir()) == ["ballast", "instance"]
        for name in refused:
            assert run_minichat(disk.folder, *EVERY[name]).returncode == 0
