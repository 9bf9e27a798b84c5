"""The settings: the valid values of each variable, their meaning, and the messages about wrong ones."""

import os
import secrets
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from minichat.config import Settings, SettingsError
from settings import only_variables, settings_from

KEY = "5f1c0a3e9b7d4286a1c4e7f09b3d6c58"


@pytest.fixture
def load(tmp_path):
    """Load settings from these variables, without the prefix MINICHAT_, in an empty folder."""

    def load(**variables):
        given = {f"MINICHAT_{name.upper()}": value for name, value in {"secret_key": KEY, **variables}.items()}
        return settings_from(given, root=tmp_path)

    return load


@pytest.fixture
def messages(load):
    """Return the messages about these variables, one sentence each."""

    def messages(**variables):
        with pytest.raises(SettingsError) as caught:
            load(**variables)
        return str(caught.value).splitlines()

    return messages


def test_every_setting_has_a_default(tmp_path):
    settings = settings_from({}, root=tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/instance/minichat.sqlite3"
    assert settings.database_path == tmp_path / "instance" / "minichat.sqlite3"
    assert settings.media_dir == tmp_path / "instance" / "media"
    assert (settings.access_ttl, settings.refresh_ttl, settings.session_ttl) == (3_600, 604_800, 2_592_000)
    assert settings.refresh_grace == 30
    assert (settings.changes_ttl, settings.audit_ttl) == (7 * 86_400, 365 * 86_400)
    assert settings.cors_origins == ("http://localhost:3000", "http://127.0.0.1:3000")
    assert settings.allowed_hosts == ()
    assert settings.public_url is None
    assert settings.trusted_proxies == 0
    assert [str(network) for network in settings.metrics_from] == ["127.0.0.0/8", "::1/128"]
    assert settings.log_level == "info"
    assert settings.rate_limits
    assert (settings.registration, settings.directory) == ("open", "everyone")
    assert settings.admin_totp == "optional"
    assert settings.notices == ()


def test_all_wrong_variables_are_reported_at_once_with_one_sentence_each(messages):
    found = messages(
        database_url="mysql://root:hunter2@db/chat",
        secret_key="short",
        access_ttl="soon",
        cors_origins="*",
        log_level="loud",
        admin_totp="never",
        registration="maybe",
        directory="nobody",
    )
    assert [line.split()[0] for line in found] == [
        "MINICHAT_DATABASE_URL",
        "MINICHAT_SECRET_KEY",
        "MINICHAT_ACCESS_TTL",
        "MINICHAT_CORS_ORIGINS",
        "MINICHAT_LOG_LEVEL",
        "MINICHAT_REGISTRATION",
        "MINICHAT_DIRECTORY",
        "MINICHAT_ADMIN_TOTP",
    ]
    assert all(line.endswith(".") for line in found)


def test_no_message_repeats_a_secret(messages):
    found = messages(database_url="postgresql://chat:hunter2@db/chat", secret_key="hunter2" * 8)
    assert "hunter2" not in "".join(found)


@pytest.mark.parametrize("name", ["public_url", "cors_origins", "allowed_hosts", "metrics_from", "redis_url"])
def test_no_message_repeats_the_password_of_a_url_in_any_variable(messages, name):
    [message] = messages(**{name: "https://chat:hunter2@chat.example.org/"})
    assert message.startswith(f"MINICHAT_{name.upper()} must ")
    assert "hunter2" not in message


def test_settings_can_be_printed_without_the_secret(load):
    assert KEY not in repr(load())


def test_settings_are_immutable(load):
    with pytest.raises(AttributeError):
        load().access_ttl = 1


def test_the_audit_log_is_kept_for_longer_than_the_database_requires(load, messages):
    assert load(changes_ttl="1", audit_ttl=f"{31 * 86_400}").audit_ttl == 31 * 86_400
    assert messages(audit_ttl=f"{31 * 86_400 - 1}", changes_ttl="0") == [
        "MINICHAT_CHANGES_TTL must be a whole number from 1 to 315360000, not '0'.",
        "MINICHAT_AUDIT_TTL must be a whole number from 2678400 to 315360000, not '2678399'.",
    ]


# Sources


def test_the_environment_overrides_the_env_file(tmp_path, load):
    (tmp_path / ".env").write_text("MINICHAT_ACCESS_TTL=60\nMINICHAT_REFRESH_TTL='120'\nOTHER=1\n")
    settings = load(access_ttl="90")
    assert (settings.access_ttl, settings.refresh_ttl) == (90, 120)


def test_an_env_file_in_a_parent_folder_is_ignored(tmp_path):
    (tmp_path / ".env").write_text("MINICHAT_ACCESS_TTL=60\n")
    (tmp_path / "below").mkdir()
    assert settings_from({"MINICHAT_SECRET_KEY": KEY}, root=tmp_path / "below").access_ttl == 3_600


@pytest.mark.parametrize("content", [b"MINICHAT_ACCESS_TTL=\xff\n", b"MINICHAT_ACCESS_TTL=60\0\n", b"\0OTHER=1\n"])
def test_an_env_file_that_is_not_text_is_reported(tmp_path, messages, content):
    (tmp_path / ".env").write_bytes(content)
    [message] = messages()
    assert str(tmp_path / ".env") in message


def test_an_env_file_can_be_a_named_pipe_that_is_read_once(tmp_path):
    os.mkfifo(tmp_path / ".env")
    content = f"MINICHAT_ACCESS_TTL=60\nMINICHAT_TYPO=1\nMINICHAT_SECRET_KEY={KEY}\n"
    with ThreadPoolExecutor(1) as password_manager:
        password_manager.submit((tmp_path / ".env").write_text, content)
        settings = settings_from({}, root=tmp_path)
    assert settings.access_ttl == 60
    assert settings.notices == ("MINICHAT_TYPO is not a setting of minichat and has no effect.",)


def test_an_env_file_may_begin_with_a_byte_order_mark_and_end_its_lines_as_in_windows(tmp_path):
    (tmp_path / ".env").write_bytes(f"\ufeffMINICHAT_ACCESS_TTL=60\r\nMINICHAT_SECRET_KEY='{KEY}'\r\n".encode())
    settings = settings_from({}, root=tmp_path)
    assert (settings.access_ttl, settings.secret_key) == (60, KEY)


def test_a_folder_in_the_place_of_the_env_file_is_reported(tmp_path, messages):
    (tmp_path / ".env").mkdir()
    [message] = messages()
    assert str(tmp_path / ".env") in message


def test_settings_come_from_the_process_environment_and_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINICHAT_SECRET_KEY", KEY)
    monkeypatch.setenv("MINICHAT_ACCESS_TTL", "77")
    settings = Settings.load()
    assert (settings.access_ttl, settings.media_dir) == (77, tmp_path / "instance" / "media")


def test_an_empty_variable_has_its_default(load):
    settings = load(access_ttl="", public_url=" ", media_dir="", allowed_hosts="")
    assert (settings.access_ttl, settings.public_url, settings.allowed_hosts) == (3_600, None, ())


def test_an_empty_list_of_origins_allows_none(load):
    assert load(cors_origins="").cors_origins == ()


def test_an_unknown_variable_is_reported_as_a_notice(load):
    settings = load(acess_ttl="60")
    assert settings.notices == ("MINICHAT_ACESS_TTL is not a setting of minichat and has no effect.",)
    assert load(rate_limits="on", redis_url="redis://localhost").notices == ()


# Redis


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://:secret@10.0.0.7:6380/3",
        "rediss://user:secret@redis.example.org/0",
        "redis://[::1]:6379",
        "unix:///run/redis.sock",
        "unix://:secret@/run/redis.sock?db=2",
    ],
)
def test_a_redis_url_is_accepted(load, url):
    settings = load(redis_url=url)
    assert settings.redis_url == url
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "http://:secret@localhost",
        "redis://",
        "redis://:secret@",
        "redis://:secret@localhost:0",
        "redis://:secret@localhost:99999",
        "redis://:secret@localhost/first",
        "redis://:secret@[::1",
        "unix://",
    ],
)
def test_a_wrong_redis_url_is_refused_without_repeating_its_password(load, url):
    with pytest.raises(SettingsError, match="MINICHAT_REDIS_URL must look like redis://") as refused:
        load(redis_url=url)
    assert "secret" not in str(refused.value)


def test_an_empty_redis_url_means_no_redis(load):
    assert load(redis_url=" ").redis_url is None


# The database


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///chat.db", "{root}/chat.db"),
        ("sqlite:///a b/ч.db", "{root}/a b/ч.db"),
        ("sqlite:////srv/c.db", "/srv/c.db"),
    ],
)
def test_a_database_file_has_a_relative_or_absolute_path(load, tmp_path, url, path):
    expected = path.format(root=tmp_path)
    settings = load(database_url=url)
    assert settings.database_url == f"sqlite:///{expected}"
    assert str(settings.database_path) == expected


@pytest.mark.parametrize(
    "url", ["chat.db", "sqlite://chat.db", "sqlite:///", "sqlite:///:memory:", "sqlite:///a/", "sqlite:///a.db?mode=ro"]
)
def test_a_database_that_workers_cannot_share_is_refused(messages, url):
    [message] = messages(database_url=url)
    assert message.startswith("MINICHAT_DATABASE_URL ")


SERVED = {"secret_key": KEY, "allowed_hosts": "chat.example.org"}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://chat:pass@db.example.org:5432/chat?sslmode=verify-full",
        "postgresql://chat@/chat?host=/run/postgresql",
        "postgresql:///chat",
        "postgres://chat@[::1]/chat",
    ],
)
def test_a_postgresql_url_is_accepted(load, url):
    settings = load(database_url=url, replica_url=url, **SERVED)
    expected = url.replace("postgres://", "postgresql://")
    assert (settings.database_url, settings.replica_url) == (expected, expected)
    assert not settings.is_embedded
    assert "pass" not in settings.database_name
    assert "pass" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:chat",
        "postgresql://db:port/chat",
        "postgresql://db:0/chat",
        "postgresql://db:70000/chat",
        "postgresql://[::1/chat",
        "postgresql://hunter2@db/chat?sslmode",
        "postgresql://hunter2@db/my chat",
        "mysql://hunter2@db/chat",
    ],
)
@pytest.mark.parametrize("name", ["database_url", "replica_url"])
def test_a_wrong_postgresql_url_is_refused_without_repeating_it(messages, name, url):
    given = {"database_url": "postgresql:///chat", **SERVED, name: url}
    [message] = messages(**given)
    assert message.startswith(f"MINICHAT_{name.upper()} must look like ")
    assert "hunter2" not in message


def test_postgresql_needs_a_secret_and_the_allowed_hosts(tmp_path):
    with pytest.raises(SettingsError) as refused:
        settings_from({"MINICHAT_DATABASE_URL": "postgresql:///chat"}, root=tmp_path)
    found = str(refused.value).splitlines()
    assert [line.split()[0] for line in found] == ["MINICHAT_SECRET_KEY", "MINICHAT_ALLOWED_HOSTS"]


def test_a_database_file_has_no_replica(messages):
    [message] = messages(replica_url="postgresql:///chat")
    assert message.startswith("MINICHAT_REPLICA_URL needs ")


# The secret


@pytest.mark.parametrize(
    "key",
    ["bench-" + "x" * 58, secrets.token_hex(16), secrets.token_urlsafe(32), "ключ" * 3 + KEY],
    ids=["of few letters", "in hex", "in base64", "in another script"],
)
def test_a_long_secret_is_accepted(load, key):
    assert load(secret_key=key).secret_key == key


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a" * 31,
        "a" * 64,
        "ab" * 32,
        "change-me" * 5,
        "change-me-please-change-me-please-now",
        "your-256-bit-secret-goes-here-please",
        "this-is-a-very-long-secret-key-for-testing",
        "0123456789" * 4,
        "django-insecure-3!k2lq0vd5o8z)9x^m1w&b7c",
        "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        "a-string-secret-at-least-256-bits-long",
        "k8Jq2mWz7Rt5" * 4,
        "qzqqzzqkzkkqxzqxxkzqzkxqqkzxxqzkqxzkk",
        KEY + "\x07",
        KEY + "\udcff",
    ],
)
def test_a_short_well_known_or_made_up_secret_is_refused(messages, key):
    [message] = messages(secret_key=key)
    assert message.startswith("MINICHAT_SECRET_KEY ")


@pytest.mark.parametrize(
    "key", ["", "a" * 31, "ab" * 32, "change-me-please-change-me-please-now", KEY + "\x07", KEY[:31]]
)
def test_a_weak_previous_secret_is_refused_as_well(messages, key):
    [message] = messages(secret_key_previous=key)
    assert message.startswith("MINICHAT_SECRET_KEY_PREVIOUS ")
    assert not key or key not in message


def test_a_previous_secret_comes_after_the_one_in_use(load):
    assert load().secret_keys == (KEY,)
    settings = load(secret_key_previous=f"{KEY[::-1]}")
    assert settings.secret_keys == (KEY, KEY[::-1])
    assert settings.notices == ()
    assert KEY[::-1] not in repr(settings)


def test_a_previous_secret_must_differ(messages, tmp_path):
    assert messages(secret_key_previous=f" {KEY} ") == [
        "MINICHAT_SECRET_KEY_PREVIOUS must differ from the secret key in use."
    ]
    made = settings_from({}, root=tmp_path).secret_key
    with pytest.raises(SettingsError, match="SECRET_KEY_PREVIOUS must differ"):
        settings_from({"MINICHAT_SECRET_KEY_PREVIOUS": made}, root=tmp_path)


def test_random_secrets_are_accepted(load):
    for _ in range(500):
        for key in (secrets.token_hex(16), secrets.token_hex(32), secrets.token_urlsafe(24), secrets.token_urlsafe(48)):
            assert load(secret_key=key).secret_key == key


def test_a_missing_secret_is_generated_once_and_only_its_owner_can_read_it(tmp_path):
    first = settings_from({}, root=tmp_path).secret_key
    assert len(first) >= 32
    assert settings_from({}, root=tmp_path).secret_key == first
    instance = tmp_path / "instance"
    assert stat.S_IMODE(instance.stat().st_mode) == 0o700
    assert stat.S_IMODE((instance / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in instance.iterdir()] == ["secret_key"]


def test_two_folders_get_two_secrets(tmp_path):
    keys = {settings_from({}, root=tmp_path / name).secret_key for name in ("a", "b")}
    assert len(keys) == 2


def test_the_secret_is_kept_beside_the_database(tmp_path):
    given = {"MINICHAT_DATABASE_URL": "sqlite:///data/chat.db"}
    assert settings_from(given, root=tmp_path).secret_key == (tmp_path / "data" / "secret_key").read_text().strip()


def test_a_given_secret_creates_no_file(load, tmp_path):
    load()
    assert not list(tmp_path.iterdir())


def test_concurrent_starts_get_the_same_secret(tmp_path):
    started, keys = threading.Barrier(16), []

    def start():
        started.wait()
        keys.append(Settings.load(root=tmp_path).secret_key)

    threads = [threading.Thread(target=start) for _ in range(16)]
    with only_variables({}):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(keys) == 16
    assert len(set(keys)) == 1
    assert [path.name for path in (tmp_path / "instance").iterdir()] == ["secret_key"]


@pytest.mark.parametrize(("content", "mode"), [("", 0o600), ("short\n", 0o600), (KEY, 0o644), (KEY, 0o660)])
def test_a_kept_secret_that_is_weak_or_open_to_others_stops_the_start(tmp_path, content, mode):
    kept = tmp_path / "instance" / "secret_key"
    kept.parent.mkdir()
    kept.write_text(content)
    kept.chmod(mode)
    with pytest.raises(SettingsError, match=str(kept)):
        settings_from({}, root=tmp_path)


@pytest.mark.timeout(10)
def test_a_pipe_in_the_place_of_the_kept_secret_is_reported(tmp_path):
    kept = tmp_path / "instance" / "secret_key"
    kept.parent.mkdir()
    os.mkfifo(kept, 0o600)
    with pytest.raises(SettingsError, match=f"{kept} is not a file"):
        settings_from({}, root=tmp_path)


def test_a_secret_that_cannot_be_stored_is_reported(tmp_path):
    (tmp_path / "instance").write_text("in the way")
    with pytest.raises(
        SettingsError, match=r"MINICHAT_SECRET_KEY is not set, and the generated key in .* can't be written or read"
    ):
        settings_from({}, root=tmp_path)


# Numbers, URLs and lists


@pytest.mark.parametrize("name", ["access_ttl", "refresh_ttl", "session_ttl", "refresh_grace", "trusted_proxies"])
@pytest.mark.parametrize("value", ["-1", "1.5", "1h", "१", "9" * 5_000, "1_000", "0x10"])
def test_a_number_must_be_a_whole_number_in_ascii_digits(messages, name, value):
    [message] = messages(**{name: value})
    assert message.startswith(f"MINICHAT_{name.upper()} must be a whole number")


@pytest.mark.parametrize("name", ["access_ttl", "refresh_ttl", "session_ttl"])
def test_a_lifetime_of_zero_is_refused(messages, name):
    assert messages(**{name: "0"})


def test_a_grace_of_zero_and_no_proxies_are_accepted(load):
    settings = load(refresh_grace="0", trusted_proxies="0")
    assert (settings.refresh_grace, settings.trusted_proxies) == (0, 0)


@pytest.mark.parametrize("name", ["access_ttl", "refresh_ttl"])
def test_a_token_that_outlives_its_session_is_refused(messages, load, name):
    [message] = messages(**{"access_ttl": "10", "refresh_ttl": "10", "session_ttl": "100", name: "101"})
    assert message.startswith(f"MINICHAT_{name.upper()} (101 s) must not be longer than MINICHAT_SESSION_TTL (100 s)")
    assert load(access_ttl="100", refresh_ttl="100", session_ttl="100").session_ttl == 100


def test_origins_are_normalised_as_browsers_send_them(load):
    given = (
        "https://Chat.Example.org, http://localhost:80 ,https://a.b:443,https://a.b:8443,http://[::1]:3000,https://a.b"
    )
    assert load(cors_origins=given).cors_origins == (
        "https://chat.example.org",
        "http://localhost",
        "https://a.b",
        "https://a.b:8443",
        "http://[::1]:3000",
    )


@pytest.mark.parametrize(
    "origin",
    ["*", "chat.example.org", "https://", "https://a.b/", "https://a.b/c", "https://*.b", "https://u@a.b", "null",
     "https://a.b:0", "https://a.b:70000", "https://a b", "https://a.b?c", "https://чат.рф", "https://[zz]"],
)  # fmt: skip
def test_an_origin_that_no_browser_sends_is_refused(messages, origin):
    [message] = messages(cors_origins=f"https://fine.example.org,{origin}")
    assert message.startswith("MINICHAT_CORS_ORIGINS must list origins")


@pytest.mark.parametrize(
    ("name", "given", "hint"),
    [
        ("cors_origins", "https://чат.рф", "Write xn--80a0bn.xn--p1ai for чат.рф, as browsers send it."),
        ("allowed_hosts", "чат.рф", "Write xn--80a0bn.xn--p1ai for чат.рф"),
        ("allowed_hosts", ".Чат.РФ", "Write xn--80a0bn.xn--p1ai for Чат.РФ"),
        ("public_url", "https://bücher.example/chat", "Write xn--bcher-kva.example for bücher.example"),
        ("public_url", "https://faß.example:8443", "Write xn--fa-hia.example for faß.example"),
        ("cors_origins", "http://例え.テスト:3000", "Write xn--r8jz45g.xn--zckzah for 例え.テスト"),
    ],
)
def test_a_host_in_unicode_is_refused_with_the_form_that_browsers_send(messages, name, given, hint):
    [message] = messages(**{name: given})
    assert hint in message


@pytest.mark.parametrize("given", ["https://a b.рф", "https://-чат.рф", "https://u:пароль@a.b", "https://чат..рф"])
def test_a_host_without_such_a_form_gets_no_hint(messages, given):
    [message] = messages(cors_origins=given)
    assert "Write " not in message
    assert "пароль" not in message


def test_allowed_hosts_are_names_in_lower_case(load):
    given = "Chat.example.org, .example.com,127.0.0.1,[::1],localhost"
    assert load(allowed_hosts=given).allowed_hosts == (
        "chat.example.org",
        ".example.com",
        "127.0.0.1",
        "[::1]",
        "localhost",
    )


@pytest.mark.parametrize(
    "text", ["loopback", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.*", "127.0.0.1:9090", "1.2.3.4,x", "::g"]
)
def test_metrics_accept_only_networks(messages, text):
    [message] = messages(metrics_from=text)
    assert message.startswith("MINICHAT_METRICS_FROM must list addresses or networks")


def test_metrics_can_be_closed_to_all(load):
    assert load(metrics_from="").metrics_from == ()


@pytest.mark.parametrize("host", ["*", "https://a.b", "a.b:80", "a b", "a..b", "-a.b", "a/b", "."])
def test_an_allowed_host_that_is_not_a_name_is_refused(messages, host):
    [message] = messages(allowed_hosts=host)
    assert message.startswith("MINICHAT_ALLOWED_HOSTS must list names")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("https://chat.example.org/", "https://chat.example.org"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://example.org/chat/", "https://example.org/chat"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_the_public_url_loses_its_trailing_slash(load, given, meant):
    assert load(public_url=given).public_url == meant


@pytest.mark.parametrize(
    "url",
    ["chat.example.org", "ftp://a.b", "https://", "https://u:p@a.b", "https://a.b/?c", "https://a.b/#c", "https://a.b:99999",
     "https://a b", "https://[::1", "https://a.b:0", "javascript:alert(1)"],
)  # fmt: skip
def test_a_public_url_that_is_not_a_base_url_is_refused(messages, url):
    [message] = messages(public_url=url)
    assert message.startswith("MINICHAT_PUBLIC_URL must be a base URL")


def test_the_media_folder_is_relative_to_the_working_folder_or_absolute(load, tmp_path):
    assert load(media_dir="pictures").media_dir == tmp_path / "pictures"
    assert str(load(media_dir="/srv/pictures").media_dir) == "/srv/pictures"


def test_words_are_accepted_in_any_case(load):
    settings = load(log_level="WARNING", rate_limits="Off")
    assert (settings.log_level, settings.rate_limits) == ("warning", False)
