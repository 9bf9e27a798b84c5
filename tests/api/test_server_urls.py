"""URLs of PostgreSQL and Redis: the forms that their clients take, and the passwords that no message repeats."""

import re
from pathlib import Path

import pytest

from minichat.adapters.peewee import open_database
from minichat.config import SettingsError
from minichat.config.server_urls import described_postgres
from settings import settings_from

NOWHERE = Path("/nowhere")
SERVED = {"MINICHAT_SECRET_KEY": "5f1c0a3e9b7d4286a1c4e7f09b3d6c58", "MINICHAT_ALLOWED_HOSTS": "chat.example.org"}

TAKEN_BY_LIBPQ = {
    "postgresql://u@h1:5432,h2:5432/chat?target_session_attrs=read-write": "postgresql://h1:5432,h2:5432/chat",
    "postgresql:///?host=/run/x&dbname=chat": "postgresql:///chat?host=/run/x",
    "postgresql://h/?dbname=chat": "postgresql://h/chat",
    "postgresql://u:hunter2@h?dbname=chat": "postgresql://h/chat",
    "postgresql://u@h": "postgresql://h",
    "postgresql://u@h/": "postgresql://h",
    "postgresql://": "postgresql://",
    "postgresql:///chat": "postgresql:///chat",
    "postgresql://%2Frun%2Fpg:5433/chat": "postgresql:///chat?host=/run/pg&port=5433",
    "postgresql:///chat?host=@abstract": "postgresql:///chat?host=@abstract",
    "postgresql://u:hunter2@h1,h2:99/chat": "postgresql://h1,h2:99/chat",
    "postgresql:///chat?host=h1,h2&port=5432,5433&password=hunter2": "postgresql://h1:5432,h2:5433/chat",
    "postgresql://h1,h2/chat?port=6432": "postgresql://h1:6432,h2:6432/chat",
    "postgresql://[2001:db8::1]:5432,[::1]/chat": "postgresql://[2001:db8::1]:5432,[::1]/chat",
    "postgresql://chat?hostaddr=192.0.2.7": "postgresql://chat",
    "postgresql:///?service=chat": "postgresql://?service=chat",
    "postgresql://u:hunter2%40%2F%25%23@h/chat": "postgresql://h/chat",
    "postgresql://u:hunter2#?&=@h/chat": "postgresql://h/chat",
    "postgresql://:hunter2@h/chat": "postgresql://h/chat",
    "postgresql://ann%40corp:hunter2@h/chat": "postgresql://h/chat",
    "postgresql://h/chat?user=ann@corp&password=hunter2@": "postgresql://h/chat",
    "postgresql://chat_db:5432/a%2Fb%20c": "postgresql://chat_db:5432/a%2Fb%20c",
    "postgresql://h/chat?ssl=true&application_name=minichat&options=-csearch_path%3Dchat": "postgresql://h/chat",
    "postgresql://u:hunter2@h:/chat?": "postgresql://h/chat",
    "postgresql://h/%D1%87%D0%B0%D1%82": "postgresql://h/%D1%87%D0%B0%D1%82",
}


def load(**variables):
    given = {f"MINICHAT_{name.upper()}": value for name, value in variables.items()}
    return settings_from({**SERVED, **given}, root=NOWHERE)


@pytest.mark.parametrize(("url", "described"), TAKEN_BY_LIBPQ.items())
def test_a_url_that_libpq_takes_is_accepted_and_described_without_its_password(url, described):
    settings = load(database_url=url, replica_url=url)
    assert (settings.database_url, settings.replica_url) == (url, url)
    assert settings.database_name == described
    assert not settings.is_embedded
    assert "hunter2" not in repr(settings) + described
    assert load(database_url=described).database_name == described


def test_the_short_scheme_of_postgresql_is_replaced():
    assert load(database_url="postgres://u@h1,h2/chat").database_url == "postgresql://u@h1,h2/chat"


# Each password holds `hun` and `ter`: no message may repeat either part.
NOT_ENCODED = [
    "postgresql://u:hun@ter@h/chat",
    "postgresql://u:hun@@ter/chat",
    "postgresql://u:hun/ter@h/chat",
    "postgresql://u:5432/hunter@h/chat",
    "postgresql://u:hun@ter/hunter@h/chat",
    "postgresql://u:5432/hunter/hunter@h:5432/chat?sslmode=require",
    "postgresql://u:hun%ter@h/chat",
    "postgresql://u:hun%zzter@h/chat",
    "postgresql://u:hun%00ter@h/chat",
    "postgresql://u:hun ter@h/chat",
    "postgresql://u:hun:@ter:@h/chat",
    "postgresql://u:hun?@ter@h/chat",
    "postgresql://u:hun#ter/@h/chat",
    "postgresql://hun:ter",
    "postgresql://h/chat?password=hun&ter",
    "postgresql://h/chat?password=hun&ter=1",
    "postgresql://h/chat?password=hun%ter",
    "postgresql://h/chat?passwort=hunter",
    "postgresql://h/chat?password=hun=ter",
    "postgresql://u:hunter@h/chat?host=hun@ter",
    "postgresql://u:hunter@h:0/chat",
    "postgresql://u:hunter@h:70000/chat",
    "postgresql://u:hunter@h:٣/chat",
    "postgresql://u:hunter@h1,h2,h3/chat?port=1,2",
    "postgresql://u:hunter@[::1/chat",
    "postgresql://u:hunter@h\x07/chat",
    "postgresql:hunter",
    "postgresql//u:hunter@h/chat",
    "POSTGRESQL://u:hunter@h/chat",
    "postgresql+psycopg://u:hunter@h/chat",
    "mysql://u:hunter@h/chat",
    "sqlite:///hun/ter.db?mode=ro",
]


@pytest.mark.parametrize("url", NOT_ENCODED)
@pytest.mark.parametrize("name", ["database_url", "replica_url"])
def test_a_url_with_an_unescaped_password_is_refused_without_repeating_a_part_of_it(name, url):
    with pytest.raises(SettingsError) as refused:
        load(**{"database_url": "postgresql:///chat", name: url})
    [message] = str(refused.value).splitlines()
    assert message.startswith(f"MINICHAT_{name.upper()} must ")
    assert not re.search("hun|ter@", message)
    assert "hun" not in repr(refused.value.__cause__) + repr(refused.value.__context__)


@pytest.mark.parametrize("url", ["postgresql://u:hun%ter@h/chat", "postgresql://h/chat?password=hun&ter"])
def test_the_database_repeats_no_part_of_a_url_that_libpq_refuses(url):
    with pytest.raises(ValueError, match="PostgreSQL's client does not understand the database URL") as refused:
        open_database(url)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hun@ter@localhost/0/1",
        "redis://:hun/ter@localhost",
        "redis://u:6379/hunter@localhost/0",
        "redis://u:6379?hunter@localhost/0",
        "redis://u:6379?hun=ter@localhost/0",
        "redis://:hun#ter@localhost",
        "redis://u:6379#hunter@localhost",
        "redis://:hunter@localhost?db=first",
        "redis://:hunter@localhost?protocol=9",
        "redis://:hunter@localhost?no_such_option=1",
        "unix://:hunter@/run/redis.sock?no_such_option=1",
        "postgresql://:hunter@localhost",
    ],
)
def test_a_redis_url_that_its_client_cannot_use_is_refused_without_repeating_it(url):
    with pytest.raises(SettingsError) as refused:
        load(database_url="postgresql:///chat", redis_url=url)
    assert str(refused.value).startswith("MINICHAT_REDIS_URL must look like redis://")
    assert "hun" not in str(refused.value)


@pytest.mark.parametrize("url", ["redis://:a@b@localhost", "redis://h?password=a@b", "rediss://h?ssl_cert_reqs=none"])
def test_a_redis_url_that_its_client_takes_is_accepted(url):
    assert load(database_url="postgresql:///chat", redis_url=url).redis_url == url


@pytest.mark.parametrize("name", ["public_url", "cors_origins", "allowed_hosts", "metrics_from", "access_ttl"])
@pytest.mark.parametrize(
    "url", ["https://u:hunter@h/", "https://h/?password=hunter", "https://h/#hunter", "https://u:hunter", "hun%40ter"]
)
def test_no_message_repeats_a_password_in_the_wrong_variable(name, url):
    with pytest.raises(SettingsError) as refused:
        load(database_url="postgresql:///chat", **{name: url})
    assert "hun" not in str(refused.value)


def test_a_description_is_only_made_of_a_url_that_libpq_takes():
    with pytest.raises(ValueError, match="libpq does not understand the URL"):
        described_postgres("postgresql://u:hun%ter@h/chat")


SMTP = {
    "smtp://mail.example.org": ("mail.example.org", 587, False, "", ""),
    "smtp://chat:hunter2@mail.example.org:2525/": ("mail.example.org", 2525, False, "chat", "hunter2"),
    "smtps://chat%40example.org:hunter2%40%2F%3F%23%25@mail.example.org": (
        "mail.example.org",
        465,
        True,
        "chat@example.org",
        "hunter2@/?#%",
    ),
    "smtp://chat:hunter2@x@[::1]:25": ("::1", 25, False, "chat", "hunter2@x"),
}


def load_mail(url, **given):
    return load(database_url="postgresql:///chat", smtp_url=url, **given)


@pytest.mark.parametrize(("url", "server"), SMTP.items())
def test_the_url_of_a_mail_server_is_taken_apart(url, server):
    settings = load_mail(url, mail_from="Чат <chat@example.org>", public_url="https://chat.example.org")
    assert settings.smtp_url == server
    assert settings.mail_from == "=?utf-8?b?0KfQsNGC?= <chat@example.org>"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "smtp://chat:hunter2/x@mail.example.org",
        "smtp://chat:hunter2#x@mail.example.org",
        "smtp://chat:hunter2?x@mail.example.org",
        "smtp://chat:hunter2@mail.example.org:99999",
        "smtp://chat:hunter2@mail example.org",
        "smtp://chat:hunter2@mail.example.org/inbox",
        "smtp://chat:hunter2@",
        "smtp://:hunter2@mail.example.org",
        "smtp://chat@mail.example.org",
        "smtp://chat:hunter2%0d%0a@mail.example.org",
        "http://chat:hunter2@mail.example.org",
        "chat:hunter2@mail.example.org",
    ],
)
def test_a_wrong_url_of_a_mail_server_is_refused_without_repeating_its_password(url):
    with pytest.raises(SettingsError) as refused:
        load_mail(url, mail_from="chat@example.org", public_url="https://chat.example.org")
    assert str(refused.value).startswith("MINICHAT_SMTP_URL must look like smtp://")
    assert "hunter2" not in str(refused.value)


def test_a_mail_server_needs_a_sender_and_a_public_url():
    with pytest.raises(SettingsError) as refused:
        load_mail("smtp://mail.example.org")
    assert [line.partition(" ")[0] for line in str(refused.value).splitlines()] == [
        "MINICHAT_MAIL_FROM",
        "MINICHAT_PUBLIC_URL",
    ]


@pytest.mark.parametrize(
    "sender", ["chat", "chat@", "чат@example.org", "a@b@c", "Chat <chat@example.org>, x@example.org", "a@b\r\nBcc: x@y"]
)
def test_a_sender_is_one_address_in_ascii(sender):
    with pytest.raises(SettingsError, match="MINICHAT_MAIL_FROM must be an address"):
        load_mail("smtp://mail.example.org", mail_from=sender, public_url="https://chat.example.org")
