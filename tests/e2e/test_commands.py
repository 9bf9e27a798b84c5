"""The command line: the sentences and exit codes of every command.

Commands run in the tests' process, except `serve` and commands that prompt at a terminal. PostgreSQL is used only where
a command opens it: for its errors and its migrations.
"""

import fcntl
import io
import json
import os
import pty
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest
from click import Group, Option
from click.shell_completion import FishComplete

from commands import run_minichat
from e2e.crowd import execute, wait_until
from minichat.adapters.peewee import open_database
from minichat.adapters.peewee.stores.message_index import begin_again
from minichat.cli import main
from minichat.cli.common import read_password
from postgres import migrated, shared
from servers import BIN, SECRET, child, environment, free_port, run, serving, sqlite_file_of

COMMANDS = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
PASSWORD = "correct horse battery\n"
SMALL = ["--users", "4", "--rooms", "3", "--members", "2", "--messages", "25"]


def commands(group=main, prefix=()):
    """Every command below `group`, as (words, command)."""
    found = []
    for name, command in sorted(group.commands.items()):
        found.append(((*prefix, name), command))
        if isinstance(command, Group):
            found += commands(command, (*prefix, name))
    return found


def failure(result, code=1):
    """The message of a failed command."""
    assert result.returncode == code
    assert "Traceback" not in result.stderr
    [sentence] = result.stderr.splitlines()
    return sentence


@pytest.mark.parametrize(("words", "command"), commands())
def test_every_command_and_option_has_a_help_text(words, command):
    assert command.help, words
    assert all(option.help for option in command.params if isinstance(option, Option)), words


@pytest.mark.parametrize(("words", "command"), commands())
def test_every_command_and_option_is_documented(words, command):
    if isinstance(command, Group):
        return
    described = [line for line in COMMANDS.splitlines() if f"`minichat {' '.join(words)}" in line]
    assert described, words
    options = {option.opts[0] for option in command.params if isinstance(option, Option)}
    assert {option for option in options if option not in "".join(described)} == set()


def test_help_reads_no_settings_and_creates_nothing(tmp_path):
    result = run_minichat(tmp_path, "createsuperuser", "--help", access_ttl="wrong")
    assert result.returncode == 0
    assert "--password-stdin" in result.stdout
    assert not list(tmp_path.iterdir())


def test_the_help_lists_all_commands(tmp_path):
    said = run_minichat(tmp_path, "--help").stdout
    assert all(
        name in said
        for name in (
            "serve",
            "db",
            "createsuperuser",
            "users",
            "rooms",
            "reports",
            "audit",
            "completion",
            "prune",
            "backup",
            "export",
            "import",
            "demo",
            "openapi",
        )
    )
    assert run_minichat(tmp_path, "--version").stdout.startswith("minichat, version ")


@pytest.mark.parametrize("group", [[], ["db"], ["users"], ["rooms"], ["reports"]])
def test_the_list_of_commands_cuts_no_sentence(tmp_path, group):
    _, _, listed = run_minichat(tmp_path, *group, "--help").stdout.partition("Commands:")
    assert listed
    assert "..." not in listed


def test_upgrade_creates_the_database_once(tmp_path):
    assert failure(run_minichat(tmp_path, "db", "status")).startswith("There is no database ")
    first = run_minichat(tmp_path, "db", "upgrade")
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.startswith("Applied the migration 0001")
    second = run_minichat(tmp_path, "db", "upgrade")
    assert (second.returncode, second.stdout) == (0, "")
    status = run_minichat(tmp_path, "db", "status")
    assert status.returncode == 0
    *migrations, search = status.stdout.splitlines()
    assert all(line.startswith("applied") for line in migrations)
    assert search == "search   complete"
    as_json = json.loads(run_minichat(tmp_path, "db", "status", "--json").stdout)
    assert [f"applied  {one['name']}" for one in as_json["migrations"] if one["is_applied"]] == migrations
    assert as_json["search_index"] == {"indexed": 0, "total": 0, "is_complete": True}


def test_the_database_file_is_complete_after_a_command(tmp_path):
    assert run(tmp_path, "db", "upgrade").returncode == 0
    assert list((tmp_path / "instance").glob("*-wal")) == []


def test_status_fails_if_migrations_are_missing(tmp_path):
    (tmp_path / "chat.sqlite3").touch()
    result = run_minichat(tmp_path, "db", "status", database_url="sqlite:///chat.sqlite3")
    assert result.stdout.startswith("missing")
    assert "minichat db upgrade" in failure(result)
    result = run_minichat(tmp_path, "db", "status", "--json", database_url="sqlite:///chat.sqlite3")
    assert json.loads(result.stdout)["search_index"] is None
    assert "minichat db upgrade" in failure(result)


@pytest.mark.parametrize("command", [["db", "upgrade"], ["demo", *SMALL], ["createsuperuser", "--username", "root"]])
def test_a_folder_that_cannot_be_made_is_reported(tmp_path, command):
    (tmp_path / "instance").write_text("in the way")
    result = run_minichat(tmp_path, *command, says=PASSWORD)
    assert result.returncode in {1, 2}
    assert "Traceback" not in result.stderr
    assert str(tmp_path / "instance") in result.stderr


def test_prune_reports_an_unusable_folder_for_pictures(tmp_path):
    assert run_minichat(tmp_path, "db", "upgrade").returncode == 0
    (tmp_path / "file").write_text("in the way")
    result = run_minichat(tmp_path, "prune", media_dir="file")
    assert failure(result).startswith(f"MINICHAT_MEDIA_DIR: pictures can't be stored in {tmp_path}/file: ")
    assert "audit entries" in result.stdout


def test_a_created_superuser_can_log_in(tmp_path):
    assert run_minichat(tmp_path, "db", "upgrade").returncode == 0
    made = run_minichat(tmp_path, "createsuperuser", "--username", "root", "--password-stdin", says=PASSWORD)
    assert (made.returncode, made.stdout, made.stderr) == (0, "Created the superuser root.\n", "")
    again = run_minichat(tmp_path, "createsuperuser", "--username", "ROOT", "--password-stdin", says=PASSWORD)
    assert failure(again) == "The username ROOT is taken. Choose another one."
    with serving(tmp_path) as server:
        answer = server.call("POST", "/api/auth/login/", {"username": "root", "password": PASSWORD.strip()})
        assert answer.status == 200


@pytest.mark.parametrize(
    "line",
    [
        "correct horse battery\n",
        "correct horse battery",
        "correct horse battery\r\n",
        "\ufeffcorrect horse battery\r\n",
        "\ufeffcorrect horse battery",
        "\ufeffcorrect horse battery\nanother line\n",
    ],
    ids=["line", "no end", "Windows", "PowerShell 5", "PowerShell without end", "first of two lines"],
)
def test_a_password_from_a_pipe_has_neither_byte_order_mark_nor_end_of_line(monkeypatch, line):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line.encode())))
    assert read_password(from_stdin=True) == "correct horse battery"


def test_spaces_and_inner_marks_belong_to_a_password_from_a_pipe(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(" horse \ufeff battery \n".encode())))
    assert read_password(from_stdin=True) == " horse \ufeff battery "


def test_a_superuser_with_a_bad_password_is_not_created(tmp_path):
    assert run_minichat(tmp_path, "db", "upgrade").returncode == 0
    result = run_minichat(tmp_path, "createsuperuser", "--username", "root", "--password-stdin", says="short\n")
    assert "password" in failure(result)


def test_a_superuser_can_be_created_before_the_first_start(tmp_path):
    result = run_minichat(tmp_path, "createsuperuser", "--username", "root", "--password-stdin", says=PASSWORD)
    assert result.returncode == 0
    assert result.stdout.endswith("Created the superuser root.\n")


def test_a_password_is_prompted_for_twice_and_never_shown(tmp_path):
    # A hidden password can be read from a terminal only.
    person, terminal = pty.openpty()
    with child(
        [BIN / "minichat", "createsuperuser", "--username", "root"],
        tmp_path,
        env=environment(),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ) as process:
        os.close(terminal)
        shown = b""
        for prompt in (b"Password: ", b"Repeat for confirmation: "):
            while prompt not in shown:
                shown += os.read(person, 1024)
            os.write(person, PASSWORD.encode())
        while b"superuser" not in shown:
            shown += os.read(person, 1024)
        assert process.wait(20) == 0
    os.close(person)
    assert PASSWORD.strip().encode() not in shown


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_of_each_shell_calls_minichat(tmp_path, shell):
    script = run_minichat(tmp_path, "completion", shell).stdout
    assert f"_MINICHAT_COMPLETE={shell}_complete" in script
    assert not list(tmp_path.iterdir())


def test_bash_completes_a_command(tmp_path):
    script = 'eval "$(minichat completion bash)"; COMP_WORDS=(minichat users re) COMP_CWORD=2'
    done = subprocess.run(
        ["bash", "-c", f'{script}; _minichat_completion minichat; echo "${{COMPREPLY[@]}}"'],
        cwd=tmp_path,
        env={**environment(), "PATH": f"{BIN}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("reset-link revoke-superuser\n", "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["us"], {"users"}),
        (["users", "list", "--state", "su"], {"superuser"}),
        (["users", "re"], {"reset-link", "revoke-superuser"}),
        (["users", "list", "--"], {"--query", "--state", "--json", "--help"}),
        (["audit", "--event", "session.op"], {"session.opened"}),
        (["completion", ""], {"bash", "zsh", "fish"}),
    ],
)
def test_commands_options_and_values_are_completed(words, expected):
    completed = FishComplete(main, {}, "minichat", "_MINICHAT_COMPLETE").get_completions(words[:-1], words[-1])
    assert {item.value for item in completed} == expected


@pytest.mark.parametrize("is_on_postgres", [False, True])
def test_demo_fills_only_an_empty_database(tmp_path, is_on_postgres):
    settings: dict[str, Any] = {}
    if is_on_postgres:
        settings = {"database_url": shared().url(), "secret_key": SECRET, "allowed_hosts": "127.0.0.1"}
    made = run_minichat(tmp_path, "demo", *SMALL, **settings)
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.endswith("Created 4 users, 3 rooms and 25 messages.\n")
    assert "not empty" in failure(run_minichat(tmp_path, "demo", *SMALL, **settings))
    empty_the_search_index(tmp_path, **settings)
    with serving(tmp_path, **settings) as server:
        login = {"username": "user1", "password": "demo-password-1"}
        token = server.call("POST", "/api/auth/login/", login).json["tokens"]["access"]
        wait_until(lambda: "the search index of messages is complete: 25 messages" in server.said, "the filling")
        assert len(server.call("GET", "/api/chat/search/?q=message", token=token).json) == 25
        rooms = server.call("GET", "/api/chat/rooms/", token=token).json
        assert sorted(room["last_seq"] for room in rooms) == [0, 0, 25]
        assert {room["participants_count"] for room in rooms} == {2}
        assert server.call("POST", "/api/chat/rooms/", {"name": "One more"}, token).status == 201
        newcomer = {"username": "newcomer", "password": "correct horse battery"}
        assert server.call("POST", "/api/auth/register/", newcomer).status == 201


def test_the_filling_of_the_search_index_ends_with_its_server_and_continues(tmp_path):
    run_minichat(tmp_path, "demo", *SMALL[:-1], "500")
    empty_the_search_index(tmp_path)
    program = [sys.executable, "-m", "minichat.indexing"]
    with child(program, tmp_path, env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        _, log = process.communicate(timeout=20)
    assert (process.returncode, b"the search index of messages is incomplete" in log) == (0, True)
    assert run_minichat(tmp_path, "db", "status").stdout.endswith("search   200 of about 500 messages\n")
    assert run_minichat(tmp_path, "db", "upgrade").stdout == ""
    assert run_minichat(tmp_path, "db", "status").stdout.endswith("search   complete\n")


def empty_the_search_index(folder: Path, **settings: str) -> None:
    """Bring a database into the state after its upgrade: no message counts as indexed."""
    database = open_database(settings.get("database_url", f"sqlite:///{sqlite_file_of(folder)}"))
    try:
        with database.writing():
            begin_again(database, is_empty=False)
    finally:
        database.close_connections()


def test_demo_with_more_members_than_users_is_refused(tmp_path):
    result = run_minichat(tmp_path, "demo", "--users", "2", "--members", "3")
    assert result.returncode == 2
    assert "--members" in result.stderr
    assert not list(tmp_path.iterdir())


def test_openapi_prints_the_document_and_leaves_nothing_behind(tmp_path):
    result = run_minichat(tmp_path, "openapi")
    assert (result.returncode, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    assert document["openapi"].startswith("3.1")
    assert "/api/chat/messages/" in document["paths"]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", [["db", "upgrade"], ["demo"], ["createsuperuser", "--username", "root"]])
def test_every_command_reports_wrong_settings(tmp_path, command):
    result = run_minichat(tmp_path, *command, refresh_grace="-1")
    assert "MINICHAT_REFRESH_GRACE must be a whole number" in failure(result, code=2)


# A PostgreSQL that can't be used


HIDDEN = "hunter2secret"
LOOKING_AFTER = [["users", "list"], ["users", "disable", "ann"], ["audit"], ["prune"]]
EVERY = [
    *(["db", "upgrade"], ["db", "status"], ["serve", "--bind", "127.0.0.1:0"], ["users", "list"], ["audit"], ["prune"]),
    *(["createsuperuser", "--username", "root", "--password-stdin"], ["demo", *SMALL]),
]


def on_postgres(url):
    return {"database_url": url, "secret_key": SECRET, "allowed_hosts": "127.0.0.1"}


@pytest.mark.parametrize("command", EVERY, ids=" ".join)
def test_an_unusable_postgresql_is_reported_without_its_password(tmp_path, command):
    at = f"postgresql://chat:{HIDDEN}@127.0.0.1:{free_port()}/chat"
    absent = shared().address("absent").replace("minichat@", f"minichat:{HIDDEN}@")
    for url in (at, f"{at}?sslmode=no_such_mode", absent):
        printed = failure(run_minichat(tmp_path, *command, says=PASSWORD, **on_postgres(url)))
        assert printed.startswith("The database postgresql://"), printed
        assert HIDDEN not in printed


def test_a_missing_permission_to_create_tables_is_reported(tmp_path):
    url = shared().url()
    shared().execute("CREATE ROLE guest LOGIN")
    settings = on_postgres(url.replace("minichat@", "guest@"))
    assert "permission denied for schema public" in failure(
        run_minichat(tmp_path, "serve", "--bind", "127.0.0.1:0", **settings)
    )


def test_a_schema_of_a_newer_version_is_not_served(tmp_path):
    settings = on_postgres(migrated())
    execute(settings["database_url"], "INSERT INTO schema_migration (name, applied) VALUES ('9999_future', now())")
    for command in (["serve", "--bind", "127.0.0.1:0"], ["db", "upgrade"], ["db", "status"], *LOOKING_AFTER):
        assert "9999_future of a newer version" in failure(run_minichat(tmp_path, *command, **settings))


@pytest.mark.parametrize("command", LOOKING_AFTER, ids=" ".join)
def test_commands_refuse_a_schema_of_an_older_version(tmp_path, command):
    settings = on_postgres(migrated())
    execute(settings["database_url"], "DELETE FROM schema_migration")
    printed = failure(run_minichat(tmp_path, *command, **settings))
    assert printed == "The database lacks migrations. Apply them with `minichat db upgrade`."


def test_a_wrong_replica_url_stops_the_start(tmp_path):
    settings = {**on_postgres(migrated()), "replica_url": f"postgresql://chat:{HIDDEN}@db/chat?no_such_option=1"}
    printed = failure(run_minichat(tmp_path, "serve", "--bind", "127.0.0.1:0", **settings), code=2)
    assert printed.startswith("MINICHAT_REPLICA_URL must look like postgresql://")
    assert HIDDEN not in printed


@pytest.mark.parametrize(
    "form", ["{user}@/{name}?host=/nowhere,{host}", "/?user={user}&host=/nowhere,{host}&dbname={name}"]
)
def test_commands_take_a_url_of_several_hosts_and_name_it_without_its_password(tmp_path, form):
    url = migrated()
    name, host = url.partition("@/")[2].split("?host=")
    given = form.format(user="minichat", name=name, host=host) + ("&" if "?" in form else "?") + f"password={HIDDEN}"
    settings = on_postgres(f"postgresql://{given}")
    for command in ("users list", "db status", "prune", "export chat.jsonl"):
        result = run_minichat(tmp_path, *command.split(), **settings)
        assert (result.returncode, result.stderr) == (0, "")
        assert HIDDEN not in result.stdout
    checked = run_minichat(tmp_path, "check", **settings).stdout
    assert f"postgresql:///{name}?host=/nowhere,{host} answers" in checked
    assert HIDDEN not in checked


def test_the_same_commands_administer_a_postgresql(tmp_path):
    settings = on_postgres(shared().url())
    assert run_minichat(tmp_path, "db", "status", **settings).stdout.startswith("missing")
    assert run_minichat(tmp_path, "db", "upgrade", **settings).stdout.startswith(
        "Applied the migration 0001_initial.\n"
    )
    assert run_minichat(tmp_path, "db", "upgrade", **settings).stdout == ""
    assert run_minichat(tmp_path, "db", "status", **settings).stdout.startswith("applied")
    made = run_minichat(
        tmp_path, "createsuperuser", "--username", "root", "--password-stdin", says=PASSWORD, **settings
    )
    assert (made.returncode, made.stdout, made.stderr) == (0, "Created the superuser root.\n", "")
