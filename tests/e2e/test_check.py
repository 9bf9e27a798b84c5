"""`minichat check`: a good set-up passes, and the command reports each mistake of another one in a sentence."""

import http.client
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import psycopg
import pytest

import postgres
from commands import run_minichat
from e2e.crowd import register, rows
from minichat.cli.checking import databases, service, setup
from minichat.cli.checking.findings import Verdict
from proxies import NAME, running_nginx
from servers import SECRET, free_port, running_redis, serving, sqlite_file_of
from settings import settings_from

GOOD: dict[str, Any] = {
    "secret_key": SECRET,
    "public_url": f"https://{NAME}",
    "allowed_hosts": f"{NAME},127.0.0.1",
    "trusted_proxies": "1",
    "cors_origins": "",
}
CHANGE = "INSERT INTO change (kind, room_id, at) VALUES ('room.created', 1, %s)"


def check(folder, *args, says="", **settings):
    """Run `minichat check`; return its exit code, and the sentence of each finding by (verdict, subject)."""
    result = run_minichat(folder, "check", *args, says=says, **{**GOOD, **settings})
    assert "Traceback" not in result.stderr, result.stderr
    found = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    lines = [(verdict, *map(str.strip, rest.split("  ", 1))) for verdict, rest in found]
    number = sum(verdict == "wrong" for verdict, _, _ in lines)
    assert result.returncode == bool(number), result
    assert (result.stderr == "") == (number == 0)
    return lines


def only_wrong(lines):
    """The subject and the sentence of the only wrong finding."""
    [(_, what, sentence)] = [line for line in lines if line[0] == "wrong"]
    return what, sentence


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    folder = tmp_path_factory.mktemp("example")
    assert run_minichat(folder, "db", "upgrade", **GOOD).returncode == 0
    (folder / "instance" / "media").mkdir(mode=0o700)
    return folder


@pytest.fixture
def home(example, tmp_path):
    """A folder with a chat that is set up correctly."""
    return shutil.copytree(example, tmp_path, dirs_exist_ok=True)


class TestAGoodSetUp:
    def test_a_good_set_up_on_sqlite_passes(self, home):
        lines = check(home)
        assert {"database", "migrations", "clock", "files", "pictures", "secret"} <= {
            what for verdict, what, _ in lines if verdict == "ok"
        }
        assert ("ok", "registration", "Everybody can register. MINICHAT_REGISTRATION is open.") in lines
        assert ("ok", "directory", "People find everybody. MINICHAT_DIRECTORY is everyone.") in lines

    def test_a_good_set_up_on_postgresql_with_redis_passes(self, tmp_path):
        with postgres.running_postgres() as server, running_redis(tmp_path) as redis:
            there = {"database_url": server.url(), "redis_url": redis.url}
            assert run_minichat(tmp_path, "db", "upgrade", **GOOD, **there).returncode == 0
            lines = check(tmp_path, **there)
        assert ("ok", "clock", "The clocks of this host and the database agree.") in lines
        assert ("ok", "Redis", "Redis answers.") in lines
        assert any("is PostgreSQL 18." in sentence for _, what, sentence in lines if what == "database")

    def test_check_changes_nothing(self, home):
        before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if not path.name.endswith(("-shm", "-wal"))}
        check(home)
        after = {path: path.stat().st_mtime_ns for path in home.rglob("*") if not path.name.endswith(("-shm", "-wal"))}
        assert {path for path in before if path.is_file()} == {path for path in after if path.is_file()}
        assert not (home / "instance" / "media" / "avatars").exists()

    @pytest.mark.parametrize("journal", ["delete", "wal"])
    def test_check_keeps_every_byte_of_the_database(self, home, journal):
        with closing(sqlite3.connect(sqlite_file_of(home))) as connection:
            connection.execute(f"PRAGMA journal_mode = {journal}")
        before = sqlite_file_of(home).read_bytes()
        assert ("ok", "migrations", "All migrations are applied.") in check(home)
        assert sqlite_file_of(home).read_bytes() == before

    def test_check_keeps_the_files_of_a_killed_server(self, home):
        settings = {**GOOD, "trusted_proxies": "0"}
        with serving(home, **settings) as server:
            register(server, "ann")
            server.kill()
        files = [sqlite_file_of(home), sqlite_file_of(home).with_name("minichat.sqlite3-wal")]
        before = [file.read_bytes() for file in files]
        assert ("ok", "migrations", "All migrations are applied.") in check(home)
        assert [file.read_bytes() for file in files] == before
        assert rows(sqlite_file_of(home), "SELECT count(*) FROM user") == [(1,)]

    def test_check_reports_in_columns(self, home):
        printed = run_minichat(home, "check", **GOOD).stdout.splitlines()
        starts = {line.index(line.split("  ")[-1].strip()) for line in printed if line.split("  ")[-1].strip()}
        assert len(starts) == 1, printed


@pytest.mark.parametrize(
    ("settings", "what", "said"),
    [
        ({"public_url": ""}, "public URL", "MINICHAT_PUBLIC_URL is not set"),
        ({"public_url": "http://chat.example.org"}, "public URL", "Without https://"),
        ({"allowed_hosts": ""}, "hosts", "MINICHAT_ALLOWED_HOSTS is empty"),
        ({"allowed_hosts": "chat.example.com"}, "hosts", "does not contain chat.example.org"),
        ({"trusted_proxies": "0"}, "proxies", "MINICHAT_TRUSTED_PROXIES is 0"),
        ({"cors_origins": "https://localhost:3000"}, "CORS", "https://localhost:3000"),
        ({"cors_origins": "https://[::1]"}, "CORS", "https://[::1]"),
        ({"cors_origins": "http://app.example.org"}, "CORS", "http://app.example.org"),
        ({"rate_limits": "off"}, "rate limits", "MINICHAT_RATE_LIMITS is off"),
        ({"metrics_from": "0.0.0.0/0"}, "metrics", "a large part of the internet"),
        ({"log_level": "debug"}, "log", "MINICHAT_LOG_LEVEL is debug"),
        ({"redis_url": "redis://127.0.0.1:9/0"}, "Redis", "does not answer"),
    ],
)
def test_a_setting_that_is_not_for_production_is_wrong(home, settings, what, said):
    found, sentence = only_wrong(check(home, **settings))
    assert found == what
    assert said in sentence


@pytest.mark.parametrize(
    ("settings", "what", "said"),
    [
        ({"secret_key_previous": SECRET[::-1]}, "secret", "MINICHAT_SECRET_KEY_PREVIOUS is set"),
        ({"metrics_from": "203.0.113.0/24,8.8.8.0/24"}, "metrics", "8.8.8.0/24, which is a public network"),
        ({"log_level": "error"}, "log", "requests are not logged"),
        ({"cors_origins": "capacitor://localhost"}, "CORS", "capacitor://localhost, which every app with this shell"),
        (
            {"cors_origins": "ionic://localhost,tauri://localhost,app://-"},
            "CORS",
            "ionic://localhost, tauri://localhost, app",
        ),
        (
            {"cors_origins": "https://localhost,https://tauri.localhost"},
            "CORS",
            "https://localhost, https://tauri.localhost",
        ),
        ({"media_dir": "elsewhere"}, "pictures", "There is no "),
        ({}, "administrators", "may sign in without a second factor"),
    ],
)
def test_a_setting_that_may_be_intended_is_noted(home, settings, what, said):
    assert any((verdict, found) == ("note", what) and said in text for verdict, found, text in check(home, **settings))


def test_a_required_second_factor_passes(home):
    assert [verdict for verdict, what, _ in check(home, admin_totp="required") if what == "administrators"] == ["ok"]


@pytest.mark.parametrize(
    "hosts", ["CHAT.Example.ORG.", ".example.org", ".chat.example.org", "a.example,chat.example.org"]
)
def test_a_list_of_hosts_with_the_public_host_in_any_form_passes(home, hosts):
    assert [verdict for verdict, what, _ in check(home, allowed_hosts=hosts) if what == "hosts"] == ["ok"]


@pytest.mark.parametrize("origins", ["capacitor://localhost", "https://localhost", "https://tauri.localhost"])
def test_the_shell_of_an_app_is_not_wrong(home, origins):
    assert {verdict for verdict, what, _ in check(home, cors_origins=origins) if what == "CORS"} == {"note", "ok"}


def test_a_public_url_without_the_path_of_the_server_is_wrong(home, monkeypatch):
    monkeypatch.setenv("SCRIPT_NAME", "/chat")
    what, sentence = only_wrong(check(home))
    assert (what, "below SCRIPT_NAME, /chat" in sentence) == ("public URL", True)
    assert not [line for line in check(home, public_url=f"https://{NAME}/chat/") if line[0] == "wrong"]


def test_a_generated_secret_is_noted(tmp_path):
    given = {name: value for name, value in GOOD.items() if name != "secret_key"}
    assert run_minichat(tmp_path, "db", "upgrade", **given).returncode == 0
    result = run_minichat(tmp_path, "check", **given)
    assert result.returncode == 0
    assert f"generated the key in {tmp_path}/instance/secret_key" in result.stdout


def test_check_generates_no_secret(tmp_path):
    given = {name: value for name, value in GOOD.items() if name != "secret_key"}
    result = run_minichat(tmp_path, "check", **given, database_url="sqlite:///there/chat.sqlite3")
    assert "There is no secret key yet. The first start generates one" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_wrong_settings_have_exit_code_2(tmp_path):
    result = run_minichat(tmp_path, "check", trusted_proxies="many")
    assert result.returncode == 2
    assert result.stderr.startswith("MINICHAT_TRUSTED_PROXIES must be")


class TestFiles:
    @pytest.mark.parametrize("name", ["instance/minichat.sqlite3", ".env", "instance/secret_key"])
    def test_files_that_other_users_can_open_are_wrong(self, home, name):
        (home / name).touch()
        (home / name).chmod(0o640)
        assert only_wrong(check(home)) == (
            "files",
            f"Other users can open {home / name} (mode 0640). Run `chmod 600` on it.",
        )

    def test_files_in_a_folder_that_other_users_can_write_to_are_wrong(self, home):
        (home / "instance").chmod(0o777)
        what, sentence = only_wrong(check(home))
        assert (what, sentence.startswith("Other users can write to")) == ("files", True)

    def test_pictures_that_other_users_can_see_are_wrong(self, home):
        (home / "instance" / "media").chmod(0o755)
        what, sentence = only_wrong(check(home))
        assert (what, "mode 0755" in sentence) == ("pictures", True)

    def test_pictures_that_cannot_be_stored_are_wrong(self, home):
        lines = check(home, media_dir="/proc")
        assert ("wrong", "pictures", "Pictures can't be stored in /proc: No such file or directory.") in lines


class TestTheDatabase:
    def test_a_missing_database_is_wrong_and_is_not_created(self, tmp_path):
        what, sentence = only_wrong(check(tmp_path))
        assert (what, "Create it with `minichat db upgrade`" in sentence) == ("database", True)
        assert not sqlite_file_of(tmp_path).exists()

    def test_an_empty_database_is_wrong_and_stays_empty(self, home):
        sqlite_file_of(home).write_bytes(b"")
        what, sentence = only_wrong(check(home))
        assert (what, "Apply them with `minichat db upgrade`" in sentence) == ("migrations", True)
        assert sqlite_file_of(home).read_bytes() == b""

    def test_a_file_that_is_no_database_is_wrong(self, home):
        sqlite_file_of(home).write_bytes(b"something else" * 1_000)
        what, sentence = only_wrong(check(home))
        assert what == "database"
        assert f"{sqlite_file_of(home)} can't be used: " in sentence

    def test_a_database_of_another_version_is_wrong(self, home):
        with closing(sqlite3.connect(sqlite_file_of(home))) as connection:
            [(table,)] = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%migration%' LIMIT 1")
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            name = next(column for column in columns if column in {"name", "migration"})
            connection.execute(f"UPDATE {table} SET {name} = '0999_of_tomorrow' WHERE {name} LIKE '0007%'")
            connection.commit()
        what, sentence = only_wrong(check(home))
        assert (what, "0999_of_tomorrow" in sentence) == ("migrations", True)
        with closing(sqlite3.connect(sqlite_file_of(home))) as connection:
            connection.execute(f"DELETE FROM {table} WHERE {name} = '0999_of_tomorrow'")
            connection.commit()
        what, sentence = only_wrong(check(home))
        assert (what, "lacks 0007" in sentence) == ("migrations", True)

    def test_a_database_that_does_not_answer_is_wrong_and_its_password_is_not_repeated(self, tmp_path):
        url = f"postgresql://chat:hunter22@127.0.0.1:{free_port()}/chat"
        what, sentence = only_wrong(check(tmp_path, database_url=url))
        assert (what, "can't be used" in sentence) == ("database", True)
        assert "hunter22" not in sentence

    def test_a_database_that_may_lose_acknowledged_data_is_wrong(self, tmp_path):
        wrong = [line[1:] for line in check(tmp_path, database_url=postgres.migrated()) if line[0] == "wrong"]
        assert {what for what, _ in wrong} == {"database"}
        assert sorted(sentence.split()[2] for _, sentence in wrong) == [
            "fsync",
            "full_page_writes",
            "synchronous_commit",
        ]

    def test_an_endless_transaction_that_blocks_live_updates_is_wrong(self, tmp_path):
        url = postgres.migrated()
        with psycopg.connect(url, autocommit=True) as connection, psycopg.connect(url) as forgotten:
            forgotten.execute("SELECT pg_current_xact_id()")
            connection.execute(CHANGE, [round(time.time() * 1000) - 60_000])
            held_up = [sentence for _, what, sentence in check(tmp_path, database_url=url) if what == "live updates"]
            assert ["has blocked them for 6" in sentence for sentence in held_up] == [True]
            forgotten.rollback()
            assert "live updates" not in {what for _, what, _ in check(tmp_path, database_url=url)}

    def test_a_database_restored_at_another_server_is_wrong_until_the_operator_declares_it(self, tmp_path):
        url = postgres.migrated()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(CHANGE, [1])
            connection.execute("UPDATE change SET xid = xid + 1000000000")
        [sentence] = [sentence for _, what, sentence in check(tmp_path, database_url=url) if what == "live updates"]
        assert "minichat db restored" in sentence
        assert run_minichat(tmp_path, "db", "restored", **GOOD, database_url=url).returncode == 0
        assert "live updates" not in {what for _, what, _ in check(tmp_path, database_url=url)}

    def test_a_replica_that_is_a_primary_is_wrong(self, tmp_path):
        url = postgres.migrated()
        lines = check(tmp_path, database_url=url, replica_url=url)
        assert ("wrong", "replica", "MINICHAT_REPLICA_URL names a server that is not a replica.") in lines

    def test_changes_from_the_future_show_a_wrong_clock(self, home):
        with serving(home, **GOOD) as server:
            ann, bob = register(server, "ann", "bob")
            ann.makes_room(bob)
        with closing(sqlite3.connect(sqlite_file_of(home))) as connection:
            connection.execute("UPDATE change SET at = at + 600000")
            connection.commit()
        what, sentence = only_wrong(check(home))
        assert (what, "The newest change lies" in sentence) == ("clock", True)
        assert rows(sqlite_file_of(home), "SELECT count(*) FROM change") != [(0,)]


class TestTheClock:
    NOW = 1_800_000_000_000

    @pytest.mark.parametrize(
        ("here", "there", "newest", "said"),
        [
            (0, None, None, "years behind"),
            (NOW, NOW + 4_000, None, "4 s apart"),
            (NOW, NOW - 60_000, None, "60 s apart"),
            (NOW, NOW, NOW + 10_000, "10 s in the future"),
        ],
    )
    def test_a_wrong_clock_is_reported(self, here, there, newest, said):
        [found] = databases.clock(here, there, newest)
        assert found.verdict is Verdict.WRONG
        assert said in found.sentence

    @pytest.mark.parametrize(("there", "newest"), [(None, None), (NOW + 2_900, NOW + 1_000), (NOW - 2_900, NOW)])
    def test_a_clock_that_is_wrong_by_a_few_seconds_passes(self, there, newest):
        assert [found.verdict for found in databases.clock(self.NOW, there, newest)] == [Verdict.OK]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A chat behind nginx. Its set-up is good, except that only this machine can reach it."""
    folder = tmp_path_factory.mktemp("running")
    (folder / "nginx").mkdir()
    with ExitStack() as stack:
        server = stack.enter_context(serving(folder, metrics_from="192.0.2.0/24", **GOOD))
        yield server, stack.enter_context(running_nginx(folder / "nginx", [server.port] * 2))


class TestTheService:
    def test_a_service_behind_nginx_passes(self, home, running, monkeypatch):
        server, nginx = running
        monkeypatch.setenv("SSL_CERT_FILE", str(nginx.certificate))
        [ann] = register(server, "ann")
        there = ("--url", f"https://{NAME}", "--connect-to", f"127.0.0.1:{nginx.tls_port}")
        lines = check(home, *there, "--token-stdin", says=f"{ann.token}\n")
        seen = [
            "readiness",
            "TLS",
            "headers",
            "links",
            "other hosts",
            "other origins",
            "public metrics",
            "client address",
        ]
        assert [line[:2] for line in lines[-9:]] == [("ok", what) for what in [*seen, "live updates"]]
        assert (
            "note",
            "live updates",
            "Not checked. Pass an access token with --token-stdin to try a stream.",
        ) in check(home, *there)

    def test_an_untrusted_certificate_is_wrong(self, home, running):
        what, sentence = only_wrong(
            check(home, "--url", f"https://{NAME}", "--connect-to", f"127.0.0.1:{running[1].tls_port}")
        )
        assert what == "readiness"
        assert "CERTIFICATE_VERIFY_FAILED" in sentence

    def test_a_service_that_trusts_every_client_and_host_is_wrong(self, home, tmp_path):
        (tmp_path / "open").mkdir()
        settings = {**GOOD, "allowed_hosts": "", "public_url": ""}
        with serving(tmp_path / "open", **settings) as server:
            lines = check(home, "--url", f"http://127.0.0.1:{server.port}")
            under_a_path = service.Service(f"http://127.0.0.1:{server.port}/chat")
            assert [found.verdict for found in service.links(under_a_path)] == [Verdict.WRONG]
        wrong = {what for verdict, what, _ in lines if verdict == "wrong"}
        assert wrong == {"TLS", "other hosts", "client address"}
        assert any(line[:2] == ("note", "public metrics") for line in lines)

    def test_a_service_behind_a_misconfigured_proxy_is_wrong(self, home):
        with bad_proxy() as port:
            lines = check(home, "--url", f"http://127.0.0.1:{port}", "--token-stdin", says="token\n")
        findings = {what: (verdict, sentence) for verdict, what, sentence in lines[-9:]}
        assert findings["readiness"][0] == "ok"
        assert findings["headers"][0] == findings["links"][0] == "wrong"
        assert "Access-Control-Allow-Origin: https://elsewhere.invalid" in findings["other origins"][1]
        assert findings["client address"][0] == "note"
        assert findings["live updates"] == (
            "wrong",
            "The stream stays silent. Turn buffering off in the proxy (proxy_buffering off).",
        )

    def test_an_unreachable_service_is_wrong(self, home):
        what, sentence = only_wrong(check(home, "--url", f"http://127.0.0.1:{free_port()}"))
        assert (what, sentence.startswith("The chat can't be reached: ")) == ("readiness", True)

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (["--url", "chat.example.org"], "https://chat.example.org"),
            (["--url", "https://chat.example.org:99999"], "https://chat.example.org"),
            (["--url", "http://[::1"], "https://chat.example.org"),
            (["--url", "https://ex\N{LATIN SMALL LETTER A WITH DIAERESIS}mple.org"], "https://chat.example.org"),
            (["--url", f"https://{'a' * 64}.example.org"], "https://chat.example.org"),
            (["--url", "https://a", "--connect-to", "8443"], "HOST:PORT"),
            (["--url", "https://a", "--connect-to", "127.0.0.1:99999"], "HOST:PORT"),
            (["--token-stdin"], "need --url"),
        ],
    )
    def test_check_needs_valid_arguments(self, tmp_path, args, said):
        result = run_minichat(tmp_path, "check", *args)
        assert result.returncode == 2
        assert said in result.stderr

    def test_check_sends_no_malformed_token(self, tmp_path):
        result = run_minichat(tmp_path, "check", "--url", "https://a", "--token-stdin", says="\N{EURO SIGN}\n", **GOOD)
        assert (result.returncode, result.stderr) == (1, "Standard input does not hold an access token.\n")


class TestMetricsForStrangers:
    """All requests of these tests come from this machine, so a fake service answers as if from another one."""

    @pytest.mark.parametrize(
        ("plain", "forwarded", "verdict"), [(200, 200, "wrong"), (404, 200, "wrong"), (404, 404, "ok")]
    )
    def test_public_metrics_get_the_right_verdict(self, plain, forwarded, verdict):
        class Elsewhere(service.Service):
            def ask(self, path: str, **headers: str) -> service.Answer:
                status = forwarded if "X_Forwarded_For" in headers else plain
                return service.Answer(status, http.client.HTTPMessage(), "203.0.113.9")

        assert [found.verdict for found in service.public_metrics(Elsewhere("https://a"))] == [verdict]


@contextmanager
def bad_proxy() -> Iterator[int]:
    """Yield the port of a service that answers everything, allows every origin and buffers streams."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("X-RateLimit-Limit", "many")
            self.send_header("X-RateLimit-Remaining", "enough")
            if "Origin" in self.headers:
                self.send_header("Access-Control-Allow-Origin", self.headers["Origin"])
            self.end_headers()
            if self.path.startswith("/api/chat/events/"):
                self.wfile.flush()
                over.wait(20)
            with suppress(OSError):  # until the client has enough of it
                while self.path.startswith("/readyz") and not over.wait(0.1):
                    self.wfile.write(b"and so on ")

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            over.set()
            server.shutdown()
            thread.join()


def test_networks_that_cover_half_the_internet_are_wrong(tmp_path):
    environ = {"MINICHAT_SECRET_KEY": SECRET, "MINICHAT_METRICS_FROM": "::/1,10.0.0.0/8"}
    settings = settings_from(environ, root=tmp_path)
    found = [finding.sentence for finding in setup.metrics(settings) if finding.verdict is Verdict.WRONG]
    assert found == [
        f"MINICHAT_METRICS_FROM contains {ip_network('::/1')}, so a large part of the internet may read /metrics."
    ]
