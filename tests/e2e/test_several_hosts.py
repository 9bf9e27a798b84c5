"""Several hosts behind a real nginx with the configuration in `deploy/`: clients do not notice which host serves them.

Two hosts are two servers, each in a folder of its own, that share what hosts share: the database, a Redis, the folder
for pictures and the secret.
"""

import http.client
import json
import re
import shutil
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import count, cycle, islice, takewhile
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from e2e.crowd import BROKEN, PASSWORD, Person, at_once, call, check_numbers, meanwhile, register, wait_until
from e2e.streams import Event, opened, streamed
from minichat.api.policy import MAX_FORM_BYTES, PUBLIC_REQUESTS
from pictures import PNG
from postgres import migrated
from proxies import CONFIGURATION, NAME, RunningNginx, running_nginx
from scale import scaled
from servers import PATIENCE, SECRET, Answer, RunningServer, free_port, running_redis, serving

PUBLIC = {"public_url": f"https://{NAME}", "allowed_hosts": f"{NAME},127.0.0.1", "trusted_proxies": "1"}
ME = "/api/auth/me/"
PACKAGE = Path(__file__).parents[2] / "src" / "minichat"


class Hosts:
    """Two servers that a test can restart, each at a fixed port, and the nginx in front."""

    nginx: RunningNginx

    def __init__(self, folder: Path, **settings: str) -> None:
        self._folder = folder
        self._settings: dict[str, Any] = {"secret_key": SECRET, "media_dir": f"{folder}/media", **PUBLIC, **settings}
        self.ports = [free_port(), free_port()]
        self._stacks: list[ExitStack] = []
        self.servers: list[RunningServer] = []

    def start(self, number: int) -> None:
        home = self._folder / f"host{number}"
        home.mkdir(exist_ok=True)
        stack = ExitStack()
        server = stack.enter_context(serving(home, port=self.ports[number], **self._settings))
        self._stacks[number : number + 1] = [stack]
        self.servers[number : number + 1] = [server]

    def restart(self, number: int) -> None:
        assert self.servers[number].stop() == 0
        said = self.servers[number].said
        self._stacks[number].close()
        assert "Traceback" not in said
        self.start(number)

    def wait_until_used(self, number: int) -> None:
        """Wait until nginx has got another answer from that host."""

        def answered() -> int:
            return sum(request["upstream"].endswith(f":{self.ports[number]}") for request in self.nginx.requests)

        before = answered()
        wait_until(lambda: answered() > before, f"a request to host {number}")

    def both(self, person: Person) -> Iterator[Person]:
        """Yield the person as a client of one host, of the other, and so on, without nginx."""
        user, tokens = {"id": person.id, "username": person.username}, {"access": person.token, "refresh": ""}
        return cycle([Person(server, user, tokens) for server in self.servers])

    def end(self) -> None:
        for stack in self._stacks:
            stack.close()


@contextmanager
def several_hosts(folder: Path, **settings: str) -> Iterator[Hosts]:
    with ExitStack() as stack:
        redis = stack.enter_context(running_redis(folder))
        urls = {"redis_url": redis.url, "database_url": migrated()}
        hosts = Hosts(folder, metrics_from="127.0.0.1/32", **urls, **settings)
        stack.callback(hosts.end)
        for number in range(2):
            hosts.start(number)
        (folder / "nginx").mkdir()
        hosts.nginx = stack.enter_context(running_nginx(folder / "nginx", hosts.ports))
        yield hosts


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    with several_hosts(tmp_path_factory.mktemp("hosts")) as hosts:
        yield hosts


@pytest.fixture(scope="module")
def server(hosts):
    """The users of these tests talk to nginx."""
    return hosts.nginx


def ask(
    server: RunningServer,
    method: str,
    path: str,
    body: object = None,
    *,
    source: str = "127.0.0.1",
    **headers: str,
) -> Answer:
    """Make a request from that address, with these headers."""
    fields = {"Connection": "close", **{name.replace("_", "-"): value for name, value in headers.items()}}
    data = None if body is None else json.dumps(body)
    if data is not None:
        fields["Content-Type"] = "application/json"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE, source_address=(source, 0))
    with closing(connection):
        connection.request(method, path, data, fields)
        response = connection.getresponse()
        return Answer(response.status, dict(response.headers), response.read())


class TestTls:
    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_the_certificate_is_valid_for_our_name_only(self, server, version):
        trusting = server.trusting()
        trusting.minimum_version = trusting.maximum_version = version
        with closing(http.client.HTTPSConnection(NAME, server.tls_port, context=trusting)) as connection:
            connection.sock = trusting.wrap_socket(
                socket.create_connection(("127.0.0.1", server.tls_port)), server_hostname=NAME
            )
            connection.request("GET", ME)
            answer = connection.getresponse()
            assert (answer.status, json.loads(answer.read())["code"]) == (401, "not_authenticated")
            assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000; includeSubDomains"]
            assert answer.headers["Server"] == "nginx"
        with pytest.raises(ssl.SSLError):
            trusting.wrap_socket(
                socket.create_connection(("127.0.0.1", server.tls_port)), server_hostname="elsewhere.example.org"
            )

    def test_plain_http_is_redirected_to_tls(self, server):
        with closing(http.client.HTTPConnection("127.0.0.1", server.redirecting_port)) as connection:
            connection.request("GET", "/api/?a=b", headers={"Host": NAME})
            answer = connection.getresponse()
            assert (answer.status, answer.headers["Location"]) == (308, f"https://{NAME}/api/?a=b")
            answer.read()
            connection.request("GET", "/api/", headers={"Host": "elsewhere.example.org"})
            with pytest.raises(http.client.RemoteDisconnected):
                connection.getresponse()


class TestOneClientAtTwoHosts:
    def test_nginx_sends_requests_to_both_hosts(self, hosts, ann):
        before = len(hosts.nginx.requests)
        for _ in range(20):
            ann.get(ME)
        used = {request["upstream"] for request in hosts.nginx.requests[before:]}
        assert used == {f"127.0.0.1:{port}" for port in hosts.ports}

    def test_a_session_is_valid_at_both_hosts_and_ends_at_both(self, hosts, ann):
        one, other = islice(hosts.both(ann), 2)
        assert one.get(ME) == other.get(ME)
        assert one.call("POST", "/api/auth/logout/", {}).status == 200
        assert [who.call("GET", ME).json["code"] for who in (one, other)] == ["session_ended"] * 2

    def test_concurrent_refreshes_at_both_hosts_return_one_successor(self, hosts, ann):
        def refresh(server):
            return call(server, "POST", "/api/auth/token/refresh/", {"refresh": ann.refresh})

        answers = at_once(lambda server=server: refresh(server) for server in hosts.servers * 12)
        assert {answer.status for answer in answers} == {200}
        [successor] = {answer.json["refresh"] for answer in answers}
        assert call(hosts.nginx, "POST", "/api/auth/token/refresh/", {"refresh": successor}).status == 200

    def test_a_message_sent_to_both_hosts_at_once_is_stored_once(self, hosts, ann, bob):
        room = ann.makes_room(bob)
        answers = at_once(lambda who=who: who.says(room, "hello", "b7") for who in islice(hosts.both(ann), 16))
        assert sorted(answer.status for answer in answers) == [200] * 15 + [201]
        assert len({answer.json["id"] for answer in answers}) == 1
        assert [message["content"] for message in bob.history(room)] == ["hello"]

    def test_a_picture_uploaded_at_one_host_is_served_by_the_other(self, hosts, ann):
        one, other = hosts.servers
        uploaded = requests.put(
            f"http://127.0.0.1:{one.port}/api/auth/profile/avatar/",
            files={"file": ("me.png", PNG)},
            headers={"Authorization": f"Bearer {ann.token}"},
            timeout=PATIENCE,
        ).json()["avatar"]
        assert uploaded.startswith(f"https://{NAME}/avatars/")
        pictures = [call(server, "GET", uploaded.removeprefix(f"https://{NAME}")) for server in (one, other)]
        assert [(picture.status, picture.headers["Content-Type"]) for picture in pictures] == [(200, "image/webp")] * 2
        assert pictures[0].body == pictures[1].body

    def test_a_rate_limit_counts_the_requests_at_both_hosts(self, hosts):
        def strangers(number):
            return [ask(hosts.nginx, "POST", "/api/auth/login/", {}, source="127.0.0.77") for _ in range(number)]

        answers = [
            answer for part in at_once([lambda: strangers(PUBLIC_REQUESTS.max_requests // 5)] * 6) for answer in part
        ]
        by_window = Counter((answer.headers["X-RateLimit-Reset"], answer.status) for answer in answers)
        for window in {window for window, _ in by_window}:  # if a minute ends meanwhile, both minutes are exact
            counts = by_window[window, 400], by_window[window, 429]
            assert counts[0] == min(PUBLIC_REQUESTS.max_requests, sum(counts))


class TestTheClientAddress:
    def test_the_client_address_is_the_one_that_nginx_connects_with(self, hosts):
        spoofed = {"X_Forwarded_For": "203.0.113.9", "X_Real_IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
        body = {"username": "carol", "password": PASSWORD}
        answer = ask(hosts.nginx, "POST", "/api/auth/register/", body, source="127.0.0.9", **spoofed)
        assert answer.status == 201, answer
        carol = Person(hosts.nginx, answer.json["user"], answer.json["tokens"])
        assert [session["ip"] for session in carol.get("/api/auth/sessions/")] == ["127.0.0.9"]

    @pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix"])
    def test_no_other_forwarded_header_is_trusted(self, server, name):
        answer = ask(server, "GET", "/api/openapi.json", **{name: "elsewhere.example.org"})
        assert answer.status == 200
        assert b"elsewhere.example.org" not in answer.body

    def test_metrics_are_served_to_permitted_client_addresses_only(self, server):
        assert ask(server, "GET", "/metrics", source="127.0.0.9").status == 404
        assert ask(server, "GET", "/metrics", source="127.0.0.9", X_Forwarded_For="127.0.0.1").status == 404
        assert ask(server, "GET", "/metrics", source="127.0.0.1").status == 200

    def test_a_request_id_is_passed_on_or_generated(self, server):
        assert ask(server, "GET", "/healthz", X_Request_ID="from-me-1").headers["X-Request-ID"] == "from-me-1"
        given = ask(server, "GET", "/healthz").headers["X-Request-ID"]
        assert server.logged(given)["path"] == "/healthz"


class TestLive:
    def test_a_stream_resumes_at_the_other_host(self, hosts, ann, bob):
        room = ann.makes_room(bob)
        with closing(opened(bob, "/api/chat/events/")) as stream:
            assert stream.status == 200
            ann.says(room, "one")
            first = next(streamed(stream))
            assert first["data"]["content"] == "one"
        for content in ("two", "three"):
            ann.says(room, content)
        for there in islice(hosts.both(bob), 2):
            with closing(opened(there, "/api/chat/events/", {"Last-Event-ID": first["id"]})) as stream:
                heard = [event["data"]["content"] for event in islice(streamed(stream), 2)]
                assert heard == ["two", "three"]

    def test_a_websocket_passes_nginx(self, hosts, ann, bob):
        room = ann.makes_room(bob)
        url = f"ws://127.0.0.1:{hosts.nginx.port}/ws/chat/{room}/"

        def socket_of(person):
            header = [f"Authorization: Bearer {person.token}"]
            return closing(websocket.create_connection(url, PATIENCE, header=header, suppress_origin=True))

        with socket_of(ann) as hers, socket_of(bob) as his:
            hers.send(json.dumps({"type": "message", "content": "hello", "client_id": "c1"}))
            said = json.loads(his.recv())
            assert (said["type"], said["data"]["content"]) == ("message.created", "hello")
            assert {json.loads(hers.recv())["type"] for _ in range(2)} == {"ack", "message.created"}

    def test_a_ticket_opens_a_stream_and_appears_in_no_log(self, hosts, ann):
        ticket = ann.call("POST", "/api/chat/events/ticket/").json["ticket"]
        url = f"http://127.0.0.1:{hosts.nginx.port}/api/chat/events/?ticket={ticket}"
        with requests.get(url, stream=True, timeout=PATIENCE) as stream:
            assert (stream.status_code, next(stream.iter_lines())[:6]) == (200, b"retry:")
        wait_until(lambda: any("/events/" in request["path"] for request in hosts.nginx.requests), "the log's line")
        for log in (hosts.nginx.folder / "access.log", *(server.log for server in hosts.servers)):
            assert ticket not in log.read_text()


class TestUploads:
    def test_minichat_refuses_a_large_upload_and_nginx_a_very_large_one(self, server, ann):
        for size, is_told_by in ((MAX_FORM_BYTES + 1, "minichat"), (4 * 2**20, "nginx")):
            answer = requests.put(
                f"http://127.0.0.1:{server.port}/api/auth/profile/avatar/",
                files={"file": ("me.png", b"x" * size)},
                headers={"Authorization": f"Bearer {ann.token}", "X-Request-ID": is_told_by},
                timeout=PATIENCE,
            )
            assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
            assert answer.json()["request_id"] == answer.headers["X-Request-ID"] == is_told_by
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert (server.logged(is_told_by)["upstream"] == "") == (is_told_by == "nginx")


class Deaf:
    """A host that reads requests and closes the connection without an answer."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.heard: list[str] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while True:
            client, _ = self._listener.accept()
            with client, client.makefile("rb") as request:
                head = list(takewhile(str.strip, (line.decode() for line in request)))
                if not head:
                    return  # it is the end
                length = next((int(line.split(":")[1]) for line in head if line.startswith("Content-Length")), 0)
                request.read(length)
                self.heard.append(head[0].split()[0])

    def end(self) -> None:
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join(PATIENCE)
        self._listener.close()


class TestHostsThatFail:
    @pytest.mark.parametrize(
        ("method", "tries"), [("GET", 2), ("HEAD", 2), ("PUT", 2), ("DELETE", 2), ("POST", 1), ("PATCH", 1)]
    )
    def test_a_request_that_is_not_idempotent_is_sent_to_one_host_only(self, tmp_path, method, tries):
        deaf = [Deaf(), Deaf()]
        try:
            with running_nginx(tmp_path, [host.port for host in deaf]) as nginx:
                answer = ask(nginx, method, "/api/chat/messages/", {"content": "hello"}, X_Request_ID="r1")
        finally:
            for host in deaf:
                host.end()
        assert len(deaf[0].heard + deaf[1].heard) == tries
        assert (answer.status, answer.headers["Retry-After"], answer.headers["X-Request-ID"]) == (503, "1", "r1")
        if method != "HEAD":
            assert (answer.json["code"], answer.json["request_id"]) == ("unavailable", "r1")

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_request_that_one_host_did_not_accept_goes_to_the_other(self, tmp_path, server, method):
        with running_nginx(tmp_path, [free_port(), server.port]) as nginx:
            answers = [ask(nginx, method, "/api/auth/login/", {}) for _ in range(4)]
        assert {answer.status for answer in answers} == {405 if method == "GET" else 400}


class Writer:
    """Sends new messages, and repeats each under its client_id until the acknowledgement."""

    def __init__(self, person: Person, room: int) -> None:
        self._person = person
        self._room = room
        self._numbers = count(1)
        self.acknowledged: list[str] = []
        self.repeated = 0

    def says_something(self) -> None:
        client_id = f"{self._person.username}-{next(self._numbers)}"
        while True:
            answer = self._person.says(self._room, client_id, client_id)
            if answer.status in {200, 201}:
                self.acknowledged.append(client_id)
                return
            assert answer.status == 503, answer
            assert answer.headers["Retry-After"], answer
            self.repeated += 1
            time.sleep(0.05)


class Reader:
    """Listens to a stream and resumes it until the last message."""

    def __init__(self, person: Person, last: str) -> None:
        self._person = person
        self._last = last
        self._begin: str = person.get("/api/chat/sync/")["cursor"]
        self.events: list[Event] = []
        self.streams = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self.is_done():
            resume = {"Last-Event-ID": self.events[-1]["id"] if self.events else self._begin}
            try:
                with closing(opened(self._person, "/api/chat/events/", resume)) as response:
                    assert response.status == 200, response.status
                    self.streams += 1
                    for event in streamed(response):
                        self.events.append(event)
                        if self.is_done():
                            return
            except BROKEN:
                time.sleep(0.05)

    def is_done(self) -> bool:
        return bool(self.events) and self.events[-1]["data"].get("content") == self._last

    def wait(self) -> None:
        self._thread.join(PATIENCE)
        assert self.is_done(), f"after {len(self.events)} events the end does not come"


def test_a_rolling_restart_of_the_hosts_loses_no_request_and_no_event(tmp_path):
    with several_hosts(tmp_path, rate_limits="off") as hosts:
        ann, bob, carol = register(hosts.nginx, "ann", "bob", "carol")
        room = ann.makes_room(bob, carol)
        ann.says(room, "first")
        readers = [Reader(person, "That was all.") for person in (bob, carol)]
        wait_until(lambda: all(reader.streams for reader in readers), "the beginning of the streams")
        writers = [Writer(person, room) for person in (ann, bob, carol)]
        reads: Counter[int] = Counter()

        def read() -> None:
            reads[carol.call("GET", f"/api/chat/messages/?room={room}&limit=5").status] += 1

        with ExitStack() as stack:
            for action in (*(writer.says_something for writer in writers), read, read):
                stack.enter_context(meanwhile(action, rest=scaled(0.1, 0.02)))
            for number in (0, 1):
                hosts.restart(number)
                hosts.wait_until_used(number)
        ann.says(room, "That was all.")
        for reader in readers:
            reader.wait()

        assert set(reads) == {200}, "reading never fails"
        history = ann.history(room)
        check_numbers(history)
        said = [message["content"] for message in history]
        assert sorted(said[1:-1]) == sorted(mark for writer in writers for mark in writer.acknowledged)
        for reader in readers:
            assert reader.streams > 1
            heard: list[Any] = [event["data"] for event in reader.events if event["type"] == "message.created"]
            assert [message["content"] for message in heard] == said[1:], "in order, none missed, none twice"
        # Clients rarely repeat a send, since a stopping host answers the requests that have reached it.
        assert sum(writer.repeated for writer in writers) < 0.01 * len(said)


def test_a_page_of_either_version_finds_its_files_during_a_rolling_upgrade(tmp_path):
    newer = tmp_path / "newer" / "minichat"
    shutil.copytree(PACKAGE, newer, ignore=shutil.ignore_patterns("__pycache__"))
    with (newer / "web/scripts/main.js").open("a") as module:
        module.write("// newer\n")
    with ExitStack() as stack:
        ports: list[int] = []
        for package in (PACKAGE, newer):
            home = tmp_path / f"host{len(ports)}"
            home.mkdir()
            settings: dict[str, Any] = {**PUBLIC, "variables": {"PYTHONPATH": str(package.parent)}}
            ports.append(stack.enter_context(serving(home, **settings)).port)
        (tmp_path / "nginx").mkdir()
        nginx = stack.enter_context(running_nginx(tmp_path / "nginx", ports))
        pages = [nginx.call("GET", "/").body.decode() for _ in range(4)]
        mains = {found for page in pages for found in re.findall(r'data-main="([^"]+)"', page)}
        assert len(mains) == 2, "nginx asks both hosts"
        for main in mains:
            for _ in range(4):
                assert nginx.call("GET", main).status == 200
        assert nginx.call("GET", f"/web/{'0' * 16}/scripts/main.js").json["code"] == "not_found"


def test_nginx_does_not_retry_requests_that_are_not_idempotent():
    assert "non_idempotent;" not in CONFIGURATION.read_text()
