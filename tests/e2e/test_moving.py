"""`minichat export` and `import`: a chat moves to another database, despite any number of interruptions."""

import json
import random
import signal
import stat
import subprocess
from contextlib import closing
from typing import Any

import pytest

from commands import run_minichat
from e2e.crowd import PASSWORD, call, check_database, execute, meanwhile, register, rows, wait_until
from minichat.adapters.peewee import open_database
from minichat.adapters.peewee.operations.incomplete_import import import_progress
from minichat.adapters.peewee.operations.transfer import TABLES
from postgres import shared
from scale import scaled
from servers import BIN, PATIENCE, SECRET, child, database_of, environment, run, serving, sqlite_file_of

SETTINGS: dict[str, Any] = {"secret_key": SECRET, "rate_limits": "off"}
MESSAGES = scaled(15_000, 100_000)
NOT_ROWS = len(TABLES) + 2
"""The lines of an export after the first that hold no row: one for each table, and the last two."""
"""So many that an import takes long enough to be killed several times."""


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A folder with a large chat."""
    folder = tmp_path_factory.mktemp("old")
    assert run_minichat(folder, "demo", "--messages", str(MESSAGES), **SETTINGS).returncode == 0
    return folder


@pytest.fixture(scope="module")
def exported(old):
    """Its export."""
    file = old / "chat.jsonl"
    said = run_minichat(old, "export", str(file), **SETTINGS)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.endswith(f" MiB, to {file}.\n")
    return file


@pytest.fixture
def new(tmp_path):
    """An empty folder."""
    return tmp_path


def export_of(folder):
    """Return the lines of a folder's export without the first, which holds its time and schema."""
    result = run_minichat(folder, "export", **SETTINGS)
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout.splitlines()[1:]


def lines_of(file):
    return file.read_text().splitlines()[1:]


def imports(folder, file, **settings):
    result = run_minichat(folder, "import", str(file), **SETTINGS, **settings)
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


def refusal(folder, *args):
    """The message of a command that fails."""
    result = run_minichat(folder, *args, **SETTINGS)
    assert result.returncode == 1
    [sentence] = result.stderr.splitlines()
    return sentence


def start(folder, *args, **settings):
    """Run a command as a process, which is killed when the block ends."""
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return child([BIN / "minichat", *args], folder, env=environment(**SETTINGS, **settings), **streams)


def test_a_chat_continues_in_another_database_with_all_sessions(tmp_path):
    folders = [tmp_path / name for name in ("old", "new")]
    for folder in folders:
        folder.mkdir()
    with serving(folders[0], **SETTINGS) as server:
        ann, bob = register(server, "ann", "боб")
        room = ann.makes_room(bob)
        said = [ann.says(room, f"message {number}", f"c{number}").json for number in range(5)]
        unread = unread_of(bob)
        assert unread == {room: 5}
        assert server.stop() == 0
    file = tmp_path / "chat.jsonl"
    assert run_minichat(folders[0], "export", str(file), **SETTINGS).returncode == 0
    assert imports(folders[1], file).endswith(f"Imported {len(lines_of(file)) - NOT_ROWS} rows from {file}.\n")
    with serving(folders[1], **SETTINGS) as server:
        ann.server = bob.server = server
        assert unread_of(bob) == unread
        assert [message["id"] for message in bob.history(room)] == [message["id"] for message in said]
        again = ann.says(room, "message 4", "c4")
        assert (again.status, again.json["id"]) == (200, said[4]["id"])
        logged_in = call(server, "POST", "/api/auth/login/", {"username": "боб", "password": PASSWORD})
        refreshed = call(server, "POST", "/api/auth/token/refresh/", {"refresh": ann.refresh})
        assert (logged_in.status, refreshed.status) == (200, 200)
        assert ann.says(room, "and on").json["seq"] == 6
        assert server.stop() == 0
    check_database(database_of(folders[1]))


def test_a_chat_moves_to_postgresql_and_back_despite_repeated_kills(exported, new):
    total = len(lines_of(exported)) - NOT_ROWS
    there: dict[str, Any] = {"database_url": shared().url(), "allowed_hosts": "127.0.0.1"}
    with closing(open_database(there["database_url"])) as database:
        kill_again_and_again(lambda: imported(database), total, signal.SIGKILL, new, exported, **there)
        database.close_connections()
    assert imports(new, exported, **there).startswith(f"Imported {total} rows from {exported}.\n")
    back = new / "back.jsonl"
    assert run_minichat(new, "export", str(back), **SETTINGS, **there).returncode == 0
    assert lines_of(back) == lines_of(exported)
    with serving(new, **SETTINGS, **there) as server:
        login = {"username": "user1", "password": "demo-password-1"}
        token = call(server, "POST", "/api/auth/login/", login).json["tokens"]["access"]
        said = call(server, "POST", "/api/chat/messages/", {"room": 1, "content": "here"}, token)
        assert (said.status, said.json["seq"]) == (201, MESSAGES + 1)
        assert server.stop() == 0
    after = new / "after.jsonl"
    assert run_minichat(new, "export", str(after), **SETTINGS, **there).returncode == 0
    assert f" rows from {after}.\n" in imports(new, after)
    check_whole(sqlite_file_of(new))
    assert export_of(new) == lines_of(after)


def test_an_export_under_writers_is_a_snapshot(tmp_path):
    with serving(tmp_path, **SETTINGS) as server:
        people = register(server, "ann", "bob")
        room = people[0].makes_room(people[1])
        said = []

        def write():
            said.append(people[0].says(room, "hello").json["id"])

        with meanwhile(write):
            wait_until(lambda: len(said) > 20, "some messages")
            before = list(said)
            lines = [json.loads(line) for line in export_of(tmp_path)]
            wait_until(lambda: len(said) > len(before) + 20, "more messages")
        found: dict[str, list[Any]] = {}
        columns: dict[str, list[str]] = {}
        rows_of: list[Any] = []
        for line in lines[:-2]:
            if isinstance(line, dict):
                found[line["table"]] = []
                rows_of = found[line["table"]]
                columns[line["table"]] = line["columns"]
            else:
                rows_of.append(line)
    messages = [row[0] for row in found["message"]]
    assert set(before) <= set(messages)
    assert messages == said[: len(messages)]
    assert [row[5] for row in found["change"] if row[1] == "message.created"] == messages
    assert found["room"][0][columns["room"].index("last_seq")] == len(messages)
    assert lines[-1]["rows"]["message"] == len(messages)


def test_only_the_owner_can_read_an_export_and_it_never_replaces_a_file(old, exported, tmp_path):
    assert stat.S_IMODE(exported.stat().st_mode) == 0o600
    assert refusal(old, "export", str(exported)) == f"{exported} exists already. Use --force to replace it."
    file = tmp_path / "chat.jsonl"
    file.write_text("before")
    assert run_minichat(old, "export", str(file), "--force", **SETTINGS).returncode == 0
    assert lines_of(file) == lines_of(exported)
    assert [found.name for found in tmp_path.iterdir()] == [file.name]


def test_an_export_never_replaces_its_own_database(old):
    database = sqlite_file_of(old)
    before = database.stat().st_ino
    for path in (database, database.with_name("minichat.sqlite3-turns")):
        path.touch()
        assert run_minichat(old, "export", str(path), "--force", **SETTINGS).returncode == 1
    assert database.stat().st_ino == before


def test_a_killed_export_leaves_no_file(old, tmp_path):
    file = tmp_path / "chat.jsonl"
    draft = tmp_path / f"{file.name}.part" / file.name
    with start(old, "export", str(file)) as process:
        wait_until(draft.exists, "the beginning")
        process.kill()
    assert not file.exists()
    assert run_minichat(old, "export", str(file), **SETTINGS).returncode == 0
    assert [found.name for found in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT], ids=lambda by: by.name)
def test_a_repeatedly_killed_import_ends_with_exactly_the_exported_data(exported, new, by):
    total = len(lines_of(exported)) - NOT_ROWS
    database = sqlite_file_of(new)
    with closing(open_database(f"sqlite:///{database}")) as opened:
        opened.create()
        kill_again_and_again(lambda: imported(opened), total, by, new, exported)
        opened.close_connections()
    assert imports(new, exported) == f"Imported {total} rows from {exported}.\n"
    check_whole(database)
    assert export_of(new) == lines_of(exported)


def kill_again_and_again(count, total, by, folder, exported, **settings):
    """Import repeatedly, and kill each attempt after some progress, until most rows are imported."""
    while (done := count()) < 0.8 * total:
        goal = done + random.randint(1, total // 5)
        with start(folder, "import", str(exported), **settings) as process:
            wait_until(lambda goal=goal: count() >= goal, "some rows")
            process.send_signal(by)
            assert process.wait(PATIENCE) != 0


def test_an_unfinished_import_is_not_served(exported, new):
    with (
        closing(open_database(f"sqlite:///{sqlite_file_of(new)}")) as database,
        start(new, "import", str(exported)) as process,
    ):
        database.create()
        wait_until(lambda: imported(database), "some rows")
        process.kill()
        database.close_connections()
    commands = ["serve", "db status", "db upgrade", "db restored", "export", "prune", "users list", "audit"]
    for command in map(str.split, [*commands, "createsuperuser --username x"]):
        says = {"says": "correct horse battery\n"} if "createsuperuser" in command else {}
        args = [*command, "--password-stdin"] if says else command
        result = run_minichat(new, *args, **says, **SETTINGS)
        assert (result.returncode, result.stdout) == (1, ""), command
        assert result.stderr == (
            f"The database {sqlite_file_of(new)} can't be used: "
            "it holds an incomplete import; run `minichat import` with the same file to continue\n"
        )
    execute(sqlite_file_of(new), "ALTER TABLE schema_migration RENAME TO kept")
    execute(
        sqlite_file_of(new), "CREATE TABLE schema_migration AS SELECT * FROM kept WHERE id < (SELECT max(id) FROM kept)"
    )
    assert refusal(new, "import", str(exported)) == (
        f"{sqlite_file_of(new)} holds an unfinished import by an earlier version. Continue with that version or "
        "import into a new database."
    )
    execute(sqlite_file_of(new), "DROP TABLE schema_migration")
    execute(sqlite_file_of(new), "ALTER TABLE kept RENAME TO schema_migration")
    imports(new, exported)
    assert run_minichat(new, "db", "status", **SETTINGS).returncode == 0


def test_an_import_into_a_chat_in_use_changes_nothing(old, exported):
    before = export_of(old)
    assert refusal(old, "import", str(exported)) == (
        f"{exported} was not imported: the database is not empty (the table user has rows)."
    )
    assert export_of(old) == before


@pytest.mark.parametrize("content", ["", "PK\x03\x04", '{"minichat": "export", "format": 1}\n'])
def test_a_file_that_is_not_an_export_is_reported_and_the_database_stays_usable(new, content):
    file = new / "file"
    file.write_text(content)
    result = run_minichat(new, "import", str(file), **SETTINGS)
    assert result.returncode == 1
    [sentence] = result.stderr.splitlines()
    assert sentence.startswith(f"{file} was not imported: it ")
    assert run_minichat(new, "demo", "--messages", "1", **SETTINGS).returncode == 0


def test_a_pipe_is_imported(exported, new):
    total = len(lines_of(exported)) - NOT_ROWS
    result = run(new, "import", "/dev/stdin", says=exported.read_text(), **SETTINGS)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith(f"Imported {total} rows from /dev/stdin.\n")
    assert export_of(new) == lines_of(exported)


def test_a_database_that_lacks_migrations_is_not_exported(tmp_path):
    (tmp_path / "chat.sqlite3").touch()
    result = run_minichat(tmp_path, "export", database_url="sqlite:///chat.sqlite3", **SETTINGS)
    assert (result.returncode, result.stdout) == (1, "")
    assert "minichat db upgrade" in result.stderr


def unread_of(person):
    return {room["id"]: room["unread_count"] for room in person.get("/api/chat/rooms/")}


def imported(database):
    """Return the number of imported rows; 0 if no import has begun."""
    begun = import_progress(database)
    return begun.rows if begun else 0


def check_whole(database):
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]
    assert rows(database, "PRAGMA foreign_key_check") == []
