"""The port `Mailer` by SMTP, with real mail servers."""

import ssl
import subprocess
from contextlib import ExitStack

import pytest

import mail_servers
from mail_servers import mail_server, tcp_server, token_in
from minichat.adapters.smtp import SmtpMailer, SmtpServer
from minichat.domain.errors import Unavailable
from minichat.domain.model import Letter, MailKind
from minichat.domain.ports import MailRefusedError

TOKEN = "q" * 32
URL = "https://chat.example.org/talk"
LETTER = Letter(MailKind.RESET, "Ann@example.org", "Анна", "ru", TOKEN, "1a2b")
LOGGED_IN = {"username": mail_servers.USER, "password": mail_servers.PASSWORD}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
            ),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", f"{folder}/key.pem", "-out", f"{folder}/certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture
def context(certificate, monkeypatch):
    """The server's side of TLS. The client trusts its certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}/certificate.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certificate}/certificate.pem", f"{certificate}/key.pem")
    return context


@pytest.fixture
def start():
    """A function that starts a mail server, and returns what it receives and a mailer to it."""
    with ExitStack() as servers:

        def start(*, username="", password="", host="localhost", attempt_seconds=30, **given):
            box, port = servers.enter_context(mail_server(**given))
            server = SmtpServer(host, port, "tls" in given, username, password)
            return box, SmtpMailer(
                server, sender="Chat <chat@example.org>", public_url=URL, attempt_seconds=attempt_seconds
            )

        yield start


def test_a_mail_arrives_with_its_link_and_headers(start):
    box, mailer = start()
    mailer.send(LETTER)
    [mail] = box.mails
    assert box.recipients == ["Ann@example.org"]
    assert (mail["From"], mail["To"], mail["Subject"]) == ("Chat <chat@example.org>", "Ann@example.org", "Новый пароль")
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == ("<1a2b@chat.example.org>", "auto-generated")
    assert mail["Date"].datetime.tzinfo is not None
    assert mail.get_content_type() == "text/plain"
    assert token_in(mail) == TOKEN
    assert f"{URL}/#reset={TOKEN}\n" in mail.get_content()
    assert mail.get_content().startswith("Здравствуйте, Анна!\n")


def test_every_kind_is_written_in_every_language(start):
    box, mailer = start()
    for kind in MailKind:
        for language in ("en", "ru"):
            token = None if kind.purpose is None else TOKEN
            mailer.send(LETTER._replace(kind=kind, language=language, token=token))
    texts = [mail.get_content() for mail in box.mails]
    assert len({mail["Subject"] for mail in box.mails}) == len(texts) == 2 * len(MailKind)
    assert all("Анна" in text and "{" not in text for text in texts)
    assert [f"#{kind}={TOKEN}" in text for text, kind in zip(texts[::2], MailKind, strict=True)] == [
        kind.purpose is not None for kind in MailKind
    ]


@pytest.mark.parametrize("address", ["анна@пример.рф", "jürgen@example.org"])
def test_an_international_address_needs_smtputf8(start, address):
    box, mailer = start()
    mailer.send(LETTER._replace(address=address))
    assert box.recipients == [address]
    assert box.mails[0]["To"] == address


def test_a_domain_in_unicode_needs_nothing(start):
    box, mailer = start()
    mailer.send(LETTER._replace(address="ann@пример.рф"))
    assert box.recipients == ["ann@xn--e1afmkfd.xn--p1ai"]


def test_the_mailer_uses_starttls_if_the_server_offers_it(start, context):
    box, mailer = start(starttls=context, needs_log_in=True, **LOGGED_IN)
    mailer.check()
    mailer.send(LETTER)
    assert box.is_encrypted == [True]


def test_smtps_encrypts_from_the_start(start, context):
    box, mailer = start(tls=context, **LOGGED_IN)
    mailer.send(LETTER)
    assert len(box.mails) == 1


def test_credentials_never_go_without_tls(start):
    box, mailer = start(**LOGGED_IN)
    with pytest.raises(Unavailable, match="offers no TLS"):
        mailer.send(LETTER)
    assert box.mails == []


def test_a_certificate_of_another_host_is_refused(start, context):
    box, mailer = start(starttls=context, host="127.0.0.1")
    with pytest.raises(Unavailable, match="certificate"):
        mailer.send(LETTER)
    assert box.mails == []


def test_wrong_credentials_are_no_refusal_of_the_mail(start, context):
    _, mailer = start(starttls=context, username="chat", password="wrong")
    with pytest.raises(Unavailable, match="535") as raised:
        mailer.send(LETTER)
    assert "wrong" not in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "error"),
    [("451 <ann@example.org> try later", Unavailable), ("550 <ann@example.org> unknown", MailRefusedError)],
)
def test_the_answer_of_the_server_decides_whether_another_attempt_follows(start, caplog, answer, error):
    box, mailer = start()
    box.answers.append(answer)
    with pytest.raises(error) as raised:
        mailer.send(LETTER)
    assert "example.org" not in f"{raised.value}{caplog.text}"
    mailer.send(LETTER)
    assert len(box.mails) == 1


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.org\r\nBcc: eve@example.org",
        "=?utf-8?q?=0d=0aBcc=3a_eve=40example=2eorg?=@example.org",
        "=?utf-8?q?ann=2ceve=40example=2eorg?=@example.org",
        "=?utf-8?b?ZXZlQGV4YW1wbGUub3Jn?=@example.org",
        "=?utf-8?q?=22eve=22?=@example.org",
    ],
)
def test_an_address_adds_no_header_and_hides_no_other_address(start, address):
    box, mailer = start()
    with pytest.raises(MailRefusedError):
        mailer.send(LETTER._replace(address=address))
    assert box.mails == []


@pytest.mark.parametrize("serve", [mail_servers.hang, mail_servers.drip, mail_servers.die_in_the_middle])
def test_an_attempt_with_a_broken_server_ends_in_time(serve):
    with tcp_server(serve) as port:
        mailer = SmtpMailer(
            SmtpServer("localhost", port, False), sender="chat@example.org", public_url=URL, attempt_seconds=0.3
        )
        with pytest.raises(Unavailable):
            mailer.send(LETTER)


def test_a_server_that_is_away_is_a_reason_to_try_again():
    mailer = SmtpMailer(SmtpServer("localhost", 1, False), sender="chat@example.org", public_url=URL)
    with pytest.raises(Unavailable):
        mailer.send(LETTER)
