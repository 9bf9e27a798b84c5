"""`minichat backup`: a copy of a running server's database, on which another server continues."""

import resource
import shutil
import signal
import stat
import subprocess
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from commands import run_minichat
from e2e.crowd import check_database, check_numbers, meanwhile, register, rows, wait_until
from pictures import JPEG, PNG
from postgres import FAST, running_postgres, shared
from servers import BIN, PATIENCE, SECRET, child, environment, serving, sqlite_file_of

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
SETTINGS: dict[str, Any] = {"secret_key": SECRET, "rate_limits": "off"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("backup"), "--workers", "2", **SETTINGS) as server:
        yield server


@pytest.fixture(scope="module")
def folder(server):
    """Where the server was started."""
    return server.log.parent


@pytest.fixture
def path(folder, tmp_path):
    return tmp_path / "copy.sqlite3"


@pytest.fixture
def backup(folder):
    """Run `minichat backup` beside the server; return its output."""

    def command(*args, **settings):
        result = run_minichat(folder, "backup", *map(str, args), **SETTINGS, **settings)
        assert (result.returncode, result.stderr) == (0, ""), result
        return result.stdout

    return command


@pytest.fixture
def refusal(folder):
    """Run a `minichat backup` that fails; return its message."""

    def command(*args, **settings):
        result = run_minichat(folder, "backup", *map(str, args), **SETTINGS, **settings)
        assert (result.returncode, result.stdout) == (1, ""), result
        [sentence] = result.stderr.splitlines()
        return sentence

    return command


@contextmanager
def serving_copy(path, folder, **settings):
    """Another server, on the copy."""
    folder.mkdir()
    with serving(folder, database_url=f"sqlite:///{path}", **SETTINGS, **settings) as server:
        yield server


def test_a_copy_made_under_writers_holds_every_acknowledged_message_and_a_prefix_of_each_room(
    server, path, backup, tmp_path
):
    people = register(server, *(f"writer{number}" for number in range(4)))
    rooms = [people[0].makes_room(*people[1:]) for _ in range(3)]
    acknowledged = defaultdict(list)
    statuses = set()

    def write():
        for person in people:
            for room in rooms:
                answer = person.says(room, "hello")
                statuses.add(answer.status)
                acknowledged[room].append(answer.json["id"])

    with meanwhile(write, times=4):
        wait_until(lambda: min(len(acknowledged[room]) for room in rooms) > 20, "some messages")
        before = {room: list(acknowledged[room]) for room in rooms}
        said = backup(path)
        wait_until(lambda: all(len(acknowledged[room]) > len(before[room]) + 20 for room in rooms), "more messages")
    assert said.startswith("Copied the database, ")
    assert statuses == {201}
    histories = {room: people[0].history(room) for room in rooms}
    check_database(path)
    with serving_copy(path, tmp_path / "other") as other:
        people[0].server = other
        for room in rooms:
            kept = people[0].history(room)
            check_numbers(kept)
            assert {message["id"] for message in kept} >= set(before[room])
            assert [message["id"] for message in kept] == [message["id"] for message in histories[room][: len(kept)]]
            assert len(kept) < len(histories[room])
            assert people[0].says(room, "and on").json["seq"] == len(kept) + 1
        assert other.stop() == 0
    check_database(path)


def test_only_the_owner_can_read_a_copy_and_no_other_file_is_left(path, backup):
    backup(path)
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_existing_file_is_replaced_only_with_force(path, backup, refusal):
    path.write_text("somebody's")
    assert refusal(path) == f"{path} exists already. Use --force to replace it."
    assert path.read_text() == "somebody's"
    backup(path, "--force")
    check_database(path)


def test_the_database_itself_is_never_replaced_by_its_copy(server, folder, path, refusal):
    database = sqlite_file_of(folder)
    before = database.stat().st_ino
    path.hardlink_to(database)
    (link := path.with_name("link")).symlink_to(database)
    for name in (database, path, link):
        assert refusal(name, "--force") == f"{name} is the database itself. Choose another path."
    assert database.stat().st_ino == before


def test_the_files_of_the_database_are_never_replaced(server, folder, refusal):
    wal = sqlite_file_of(folder).with_name("minichat.sqlite3-wal")
    before = wal.stat().st_ino
    assert refusal(wal, "--force") == f"{wal} belongs to the database. Choose another path."
    assert wal.stat().st_ino == before


@pytest.mark.parametrize("name", ["", ".", "/"])
def test_a_path_that_cannot_be_a_file_is_refused(server, refusal, name):
    assert refusal(name) == f"{name or '.'} is not a file."


def test_a_copy_that_a_server_uses_is_not_replaced(path, backup, refusal, tmp_path):
    backup(path)
    with serving_copy(path, tmp_path / "other") as other:
        register(other, "somebody")
        assert refusal(path, "--force") == f"{path} is a database in use. Choose another path."
        other.kill()
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0
    backup(path, "--force")
    assert not path.with_name(f"{path.name}-wal").exists()
    check_database(path)


def test_a_missing_folder_is_reported(path, refusal):
    assert str(path.parent / "nowhere") in refusal(path.parent / "nowhere" / "copy.sqlite3")


def test_a_full_disk_is_reported_and_leaves_no_file(folder, path):
    said = subprocess.run(
        [BIN / "minichat", "backup", path],
        cwd=folder,
        env=environment(**SETTINGS),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536)),
    )
    assert said.returncode == 1
    [sentence] = said.stderr.splitlines()
    assert sentence == f"{path} can't be written: [Errno 27] File too large"
    assert list(path.parent.iterdir()) == []


def test_a_damaged_database_is_reported_and_not_copied(path, backup, tmp_path):
    backup(path)
    page = rows(path, "SELECT rootpage FROM sqlite_schema WHERE name = 'audit_user'")[0][0]
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    other = tmp_path / "other.sqlite3"
    result = run_minichat(tmp_path, "backup", str(other), database_url=f"sqlite:///{path}", **SETTINGS)
    assert result.returncode == 1
    assert result.stderr.startswith("No backup was made, because the database is damaged: ")
    assert not other.exists()


def test_a_missing_database_is_reported(tmp_path):
    result = run_minichat(tmp_path, "backup", "copy.sqlite3")
    assert result.returncode == 1
    assert result.stderr.startswith("There is no database ")
    assert not (tmp_path / "copy.sqlite3").exists()


class TestCursors:
    def test_a_client_ahead_of_the_restored_backup_resyncs_even_after_the_log_has_grown_past_it(
        self, server, path, backup, tmp_path
    ):
        (ann,) = register(server, "further")
        room = ann.makes_room()
        backup(path)
        ann.says(room, "lost")
        cursors = [cursor_of(ann)]
        own = ""
        for life in ("first", "second"):
            restored = path.with_name(f"{life}.sqlite3")
            shutil.copy(path, restored)
            for part in ("begins", "goes on"):
                with serving_copy(restored, tmp_path / f"{life} {part}") as other:
                    ann.server = other
                    for _ in range(3):
                        assert ann.says(room, "instead").status == 201
                    for cursor in cursors:
                        answer = ann.call("GET", f"/api/chat/sync/?after={cursor}")
                        assert (answer.status, answer.json["code"]) == (410, "resync_required")
                    if part == "goes on":
                        events = ann.get(f"/api/chat/sync/?after={own}")["events"]
                        assert [event["type"] for event in events] == ["message.created"] * 3
                    own = cursor_of(ann)
            cursors.append(own)

    def test_db_restored_declares_a_database_that_another_program_restored(self, tmp_path):
        with serving(tmp_path, **SETTINGS) as server:
            (ann,) = register(server, "ann")
            room = ann.makes_room()
            before = cursor_of(ann)
            assert server.stop() == 0
        said = run_minichat(tmp_path, "db", "restored", **SETTINGS)
        assert (said.returncode, said.stdout) == (0, "Clients will load everything again when they reconnect.\n")
        with serving(tmp_path, **SETTINGS) as ann.server:
            after = cursor_of(ann)
            ann.says(room, "hello")
            assert ann.call("GET", f"/api/chat/sync/?after={before}").status == 410
            assert len(ann.get(f"/api/chat/sync/?after={after}")["events"]) == 1


class TestPostgreSQL:
    def test_backup_refuses_postgresql(self, tmp_path):
        result = run_minichat(
            tmp_path, "backup", "copy", database_url=shared().url(), allowed_hosts="127.0.0.1", **SETTINGS
        )
        said = "This command copies SQLite databases. Back up PostgreSQL with pg_dump.\n"
        assert (result.returncode, result.stderr) == (1, said)
        assert list(tmp_path.iterdir()) == []

    def test_a_pg_dump_continues_at_another_server_and_clients_resync(self, tmp_path):
        there: dict[str, Any] = {"database_url": shared().url(), "allowed_hosts": "127.0.0.1", **SETTINGS}
        with psycopg.connect(shared().address("postgres"), autocommit=True) as connection:
            for _ in range(2_000):  # so that the numbers of this server's transactions are ahead of the other's
                connection.execute("SELECT pg_current_xact_id()")
        with serving(tmp_path, **there) as server:
            ann, bob = register(server, "ann", "bob")
            room = ann.makes_room(bob)
            ann.says(room, "kept")
            dump(there["database_url"], tmp_path / "chat.dump")
            ann.says(room, "lost")
            cursor = cursor_of(ann)
            assert server.stop() == 0
        with running_postgres(*FAST) as other:
            there["database_url"] = other.url()
            command = [other.program("pg_restore"), "--dbname", there["database_url"], tmp_path / "chat.dump"]
            subprocess.run(command, check=True)
            with serving(tmp_path, **there) as server:
                ann.server = bob.server = server
                assert ann.call("GET", f"/api/chat/sync/?after={cursor}").status == 410
                cursor = cursor_of(bob)
                assert bob.get(f"/api/chat/sync/?after={cursor}")["events"] == []
                assert ann.says(room, "instead").json["seq"] == 2
                wait_until(
                    lambda: bob.get("/api/chat/messages/")[-1]["content"] == "instead", "the message in all rooms"
                )
                assert [message["content"] for message in bob.get("/api/chat/messages/")] == ["kept", "instead"]
                events = bob.get(f"/api/chat/sync/?after={cursor}&timeout=10")["events"]
                assert events[0]["data"]["content"] == "instead"
                assert server.stop() == 0


def dump(url, file):
    """Back a database up as docs/operations.md says."""
    options = ["--format=custom", "--exclude-table-data=log_epoch", f"--dbname={url}", f"--file={file}"]
    subprocess.run([shared().program("pg_dump"), *options], check=True)


def cursor_of(person):
    return person.get("/api/chat/sync/")["cursor"]


class TestPictures:
    def test_pictures_are_copied_on_request(self, server, folder, path, backup, tmp_path):
        ann, bob = register(server, "pictured", "changing")
        shown, replaced = upload(ann, PNG), upload(bob, PNG)
        backup(path)
        assert [found.name for found in path.parent.iterdir()] == [path.name]
        backup(path, "--media", "--force")
        with serving_copy(path, tmp_path / "other", media_dir=f"{path}.media") as other:
            for name in (shown, replaced):
                assert other.call("GET", name).body == server.call("GET", name).body
            assert other.stop() == 0
        newest = upload(bob, JPEG)
        said = backup(path, "--media", "--force")
        kept = {f"/avatars/{file.name}" for file in path.with_name(f"{path.name}.media").glob("avatars/*")}
        assert {shown, newest} <= kept
        assert replaced not in kept
        assert f"and {len(kept)} pictures to {path}.media" in said

    def test_a_backup_can_be_restored_by_the_documented_steps(self, tmp_path):
        copy = tmp_path / "4.sqlite3"
        with serving(tmp_path, **SETTINGS) as server:
            (ann,) = register(server, "ann")
            room, picture = ann.makes_room(), upload(ann, PNG)
            ann.says(room, "kept")
            assert run_minichat(tmp_path, "backup", str(copy), "--media", **SETTINGS).returncode == 0
            ann.says(room, "lost")
            upload(ann, JPEG)
            server.kill()
        _, restoring = OPERATIONS.read_text().split("To restore a backup", 1)
        *lines, last = restoring.split("```")[1].removeprefix("sh\n").splitlines()
        assert last == "minichat serve"
        commands = "\n".join(lines).replace("/backups/4", str(tmp_path / "4"))
        subprocess.run(["bash", "-euc", commands], cwd=tmp_path, check=True)
        with serving(tmp_path, **SETTINGS) as ann.server:
            assert [message["content"] for message in ann.history(room)] == ["kept"]
            assert ann.server.call("GET", picture).status == 200
            assert ann.get("/api/auth/me/")["avatar"].endswith(picture)
            assert ann.server.stop() == 0
        check_database(sqlite_file_of(tmp_path))
        assert stat.S_IMODE(sqlite_file_of(tmp_path).stat().st_mode) == 0o600

    def test_a_backup_never_overwrites_the_original_pictures(self, folder, path, refusal):
        media = path.with_name(f"{path.name}.media")
        assert (
            refusal(path, "--media", media_dir=str(media))
            == f"{media} is the folder of the pictures themselves. Choose another path."
        )

    @pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT], ids=lambda by: by.name)
    def test_an_interrupted_copy_does_not_appear_and_the_next_one_is_complete(self, folder, path, by, tmp_path, backup):
        # Thousands of pictures take a while to copy.
        pictures = tmp_path / "media" / "avatars"
        pictures.mkdir(parents=True)
        one = pictures / f"{'a' * 22}.webp"
        one.write_bytes(PNG)
        for number in range(10_000):
            (pictures / f"{number:022}.webp").hardlink_to(one)
        path.write_text("the copy of yesterday")
        command = [BIN / "minichat", "backup", path, "--force", "--media"]
        settings = {**SETTINGS, "media_dir": str(tmp_path / "media")}
        with child(command, folder, env=environment(**settings), stderr=subprocess.PIPE) as process:
            draft = path.with_name(f"{path.name}.part") / path.name
            wait_until(draft.exists, "the beginning of the copy")
            process.send_signal(by)
            process.wait(PATIENCE)
            assert process.stderr is not None
            assert b"Traceback" not in process.stderr.read()
        assert path.read_text() == "the copy of yesterday"
        shutil.rmtree(pictures)
        shutil.copytree(folder / "instance" / "media" / "avatars", pictures)
        backup(path, "--force", "--media", media_dir=str(tmp_path / "media"))
        check_database(path)
        assert not draft.parent.exists()


def upload(person, picture):
    """Upload a picture for a user; return its path."""
    answer = requests.put(
        f"http://127.0.0.1:{person.server.port}/api/auth/profile/avatar/",
        files={"file": ("me.png", picture)},
        headers={"Authorization": f"Bearer {person.token}"},
        timeout=PATIENCE,
    )
    assert answer.status_code == 200, answer.text
    return "/avatars/" + answer.json()["avatar"].rpartition("/")[2]
