"""Uploaded pictures on a real server: visible at every worker, kept over a restart, converted beside other requests.

Pictures are files and do not depend on the database, so all tests run on SQLite.
"""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import requests
from PIL import Image

from e2e.databases import on_sqlite_only
from pictures import JPEG, PNG, decoded, encoded
from servers import PATIENCE, serving


def registers(server, name):
    registration = {"username": name, "password": "correct horse battery"}
    return server.call("POST", "/api/auth/register/", registration).json["tokens"]["access"]


def uploads(server, token, file):
    return requests.put(
        f"http://127.0.0.1:{server.port}/api/auth/profile/avatar/",
        files={"file": ("me.png", file)},
        headers={"Authorization": f"Bearer {token}"},
        timeout=PATIENCE,
    )


def path_of(answer):
    assert answer.status_code == 200, answer.text
    return "/avatars/" + answer.json()["avatar"].rpartition("/")[2]


@contextmanager
def without(worker):
    """Stop a worker, so that the others serve every request."""
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


@on_sqlite_only
def test_every_worker_serves_an_uploaded_picture_even_after_a_restart(tmp_path, database):
    with serving(tmp_path, "--workers", "2", **database) as server:
        token = registers(server, "ann")
        one, other = server.workers
        with without(one):
            path = path_of(uploads(server, token, PNG))
        with without(other):
            seen = server.call("GET", path)
            assert (seen.status, seen.headers["Content-Type"]) == (200, "image/webp")
            assert decoded(seen.body).size == (256, 256)
            second = path_of(uploads(server, token, JPEG))
        with without(one):
            assert server.call("GET", path).status == 404
            assert server.call("GET", second).status == 200
        server.stop()
    with serving(tmp_path, "--workers", "2", **database) as server:
        kept = server.call("GET", second)
        assert kept.status == 200
        assert server.call("GET", second).body == kept.body
        assert [file.name for file in (tmp_path / "instance" / "media" / "avatars").iterdir()] == [
            second.rpartition("/")[2]
        ]


@on_sqlite_only
def test_a_refused_picture_leaves_no_traceback_in_the_log(server):
    token = registers(server, "no-picture")
    for file in (b"<svg/>", PNG[:100]):
        assert uploads(server, token, file).status_code == 400
    assert "Traceback" not in server.said
    assert "InvalidInput" not in server.said


@on_sqlite_only
def test_the_largest_picture_does_not_delay_other_requests(shared_servers, new_database):
    slow = encoded(Image.linear_gradient("L").resize((4096, 4096)).convert("LA"), "PNG")
    server = shared_servers.get(new_database, workers=1)
    token = registers(server, "largest-picture")
    assert uploads(server, token, PNG).status_code == 200  # so that the libraries are loaded
    with ThreadPoolExecutor(1) as uploader:
        began = time.monotonic()
        uploading = uploader.submit(uploads, server, token, slow)
        answered = []
        while not uploading.done():
            asked = time.monotonic()
            assert server.call("GET", "/healthz").status == 200
            answered.append(time.monotonic() - asked)
        seconds = time.monotonic() - began
    assert uploading.result().status_code == 200
    assert len(answered) >= 5
    assert max(answered) < seconds / 2, "otherwise, a request waits until the picture is decoded"
