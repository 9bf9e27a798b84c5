"""Mails of a running server: they survive a crash, leave once, and a hanging mail server delays nobody."""

import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import Any

import mail_servers
from e2e.crowd import PASSWORD, call
from mail_servers import mail_server, tcp_server, token_in
from minichat.adapters.peewee import open_database
from minichat.adapters.smtp.mailer import STEP_SECONDS
from servers import free_port, serving


@contextmanager
def sending(folder, smtp_port, *args, port=None, **settings):
    """A server that sends its mails to this port."""
    port = port or free_port()
    mail: dict[str, Any] = {"smtp_url": f"smtp://localhost:{smtp_port}", "mail_from": "Chat <chat@example.org>"}
    with serving(folder, *args, port=port, public_url=f"http://127.0.0.1:{port}", **mail, **settings) as server:
        yield server


def joins(server, name):
    form = {"username": name, "password": PASSWORD, "email": f"{name}@example.org"}
    answer = call(server, "POST", "/api/auth/register/", form)
    assert answer.status == 201
    return answer.json["tokens"]["access"]


def make_due(server):
    """Let the time of the next attempt come, and the lease of an interrupted one end."""
    url = server.database if isinstance(server.database, str) else f"sqlite:///{server.database}"
    database = open_database(url)
    with database.writing():
        database.execute_sql("UPDATE mail SET due_at = 1 WHERE done_at IS NULL")
    database.close_connections()


def test_a_mail_whose_server_was_killed_before_it_left_arrives_once_after_the_restart(tmp_path, new_database):
    database = new_database()
    smtp_port = free_port()
    with sending(tmp_path, smtp_port, **database) as server:  # nobody listens there yet
        joins(server, "ann")
        os.killpg(server.process.pid, signal.SIGKILL)
        make_due(server)
    with mail_server(port=smtp_port) as (box, _), sending(tmp_path, smtp_port, "--workers", "2", **database) as server:
        mail = box.wait_for(1)
        assert mail["To"] == "ann@example.org"
        assert call(server, "POST", "/api/auth/email/verify/", {"token": token_in(mail)}).status == 200
        assert call(server, "POST", "/api/auth/password-reset/", {"email": "ANN@example.org"}).status == 202
        token = token_in(box.wait_for(2))
        form = {"token": token, "new_password": "another horse battery"}
        assert call(server, "POST", "/api/auth/password-reset/confirm/", form).status == 200
        assert len(box.mails) == 2


def test_a_hanging_mail_server_delays_no_request(tmp_path):
    reached = threading.Event()

    def serve(connection):
        reached.set()
        mail_servers.hang(connection)

    with tcp_server(serve) as smtp_port, sending(tmp_path, smtp_port) as server:
        ann = joins(server, "ann")
        assert reached.wait(60)
        for _ in range(3):
            began = time.monotonic()
            assert call(server, "POST", "/api/auth/password-reset/", {"username": "ann"}).status == 202
            assert call(server, "GET", "/api/auth/me/", token=ann).status == 200
            assert time.monotonic() - began < STEP_SECONDS / 2
