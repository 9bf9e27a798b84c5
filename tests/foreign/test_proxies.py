"""Proxies with the configuration of docs/clients.md, before a real server: events pass at once, over every transport.

Each proxy compresses answers. `make test` asserts the headers that keep it from compressing streams
(tests/api/test_stream_clients.py), and tests nginx as `deploy/` configures it (tests/e2e/test_several_hosts.py).
"""

import http.client
import itertools
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import websocket

from e2e.crowd import BROKEN, Person, wait_until
from e2e.streams import opened, streamed
from foreign.mortal import MortalServer
from foreign.programs import NODE_MODULES, fenced
from servers import BIN, PATIENCE, child, free_port

AT_ONCE = 3.0
"""Seconds. Without the event, the request would wait for longer."""
UPSTREAM = "127.0.0.1:8000"


class Proxy(NamedTuple):
    """A running proxy. `Person` takes it for the server."""

    port: int
    compresses: bool


Start = Callable[[Path, int, str], list[str | Path]]


def node(folder: Path, *arguments: str) -> list[str | Path]:
    (folder / "node_modules").symlink_to(NODE_MODULES)
    return [BIN / "node", *arguments]


def vite(folder: Path, port: int, upstream: str) -> list[str | Path]:
    (folder / "vite.config.js").write_text(fenced("Vite", "js").replace(UPSTREAM, upstream))
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "index.html").write_text("<!doctype html><title>chat</title>")
    address = ["--host", "127.0.0.1", "--port", f"{port}", "--strictPort"]
    return node(folder, "node_modules/vite/bin/vite.js", *address)


def webpack_dev_server(folder: Path, port: int, upstream: str) -> list[str | Path]:
    (folder / "webpack.config.js").write_text(fenced("webpack-dev-server", "js").replace(UPSTREAM, upstream))
    (folder / "app.js").write_text("document.title = 'chat';")
    (folder / "serve.js").write_text(
        f"""
        const webpack = require("webpack");
        const Server = require("webpack-dev-server");
        const {{devServer}} = require("./webpack.config.js");
        const compiler = webpack({{mode: "development", entry: "./app.js", context: __dirname}});
        new Server({{...devServer, host: "127.0.0.1", port: {port}}}, compiler).start();
        """
    )
    return node(folder, "serve.js")


def http_proxy_middleware(folder: Path, port: int, upstream: str) -> list[str | Path]:
    (folder / "setupProxy.js").write_text(fenced("http-proxy-middleware", "js").replace(UPSTREAM, upstream))
    (folder / "serve.js").write_text(
        f"""
        const app = require("express")();
        app.use(require("compression")());
        require("./setupProxy.js")(app);
        app.listen({port}, "127.0.0.1");
        """
    )
    return node(folder, "serve.js")


def nginx(folder: Path, port: int, upstream: str) -> list[str | Path]:
    server = fenced("nginx", "nginx").replace(UPSTREAM, upstream).replace("listen 8080", f"listen 127.0.0.1:{port}")
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; error_log stderr; pid {folder}/pid; events {{}} http {{ access_log off; {paths}\n{server}}}"
    )
    return [program("nginx"), "-p", f"{folder}", "-c", f"{folder}/nginx.conf"]


def apache(folder: Path, port: int, upstream: str) -> list[str | Path]:
    site = fenced("Apache", "apache").replace(UPSTREAM, upstream).replace("*:8080", f"127.0.0.1:{port}")
    names = ("authz_core", "deflate", "filter", "mpm_event", "proxy", "proxy_http", "proxy_wstunnel")
    modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in names)
    (folder / "apache.conf").write_text(
        f"{modules}\nServerName localhost\nServerRoot {folder}\nDefaultRuntimeDir {folder}\nPidFile {folder}/pid\n"
        f"ErrorLog /dev/stderr\nListen 127.0.0.1:{port}\n{site}"
    )
    return [program("apache2"), "-X", "-f", f"{folder}/apache.conf"]


def caddy(folder: Path, port: int, upstream: str) -> list[str | Path]:
    site = fenced("Caddy", "text").replace(UPSTREAM, upstream).replace("chat.example.com", f"127.0.0.1:{port}")
    (folder / "Caddyfile").write_text(f"{{\n admin off\n}}\n{site}")
    return ["env", f"HOME={folder}", program("caddy"), "run", "--config", "Caddyfile", "--adapter", "caddyfile"]


def haproxy(folder: Path, port: int, upstream: str) -> list[str | Path]:
    text = fenced("HAProxy", "text").replace(UPSTREAM, upstream).replace("bind :8080", f"bind 127.0.0.1:{port}")
    (folder / "haproxy.cfg").write_text(text)
    return [program("haproxy"), "-db", "-f", "haproxy.cfg"]


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    assert found, f"there is no {name}: `make proxies` installs it"
    return found


PROXIES: dict[str, Start] = {
    "Vite": vite,
    "webpack-dev-server": webpack_dev_server,
    "http-proxy-middleware": http_proxy_middleware,
    "nginx": nginx,
    "Apache": apache,
    "Caddy": caddy,
    "HAProxy": haproxy,
}


IMPATIENT: dict[str, Start] = {
    "nginx": lambda folder, port, upstream: impatient(nginx(folder, port, upstream), folder / "nginx.conf"),
    "HAProxy": lambda folder, port, upstream: impatient(haproxy(folder, port, upstream), folder / "haproxy.cfg"),
}


def impatient(command: list[str | Path], configuration: Path) -> list[str | Path]:
    """Make the proxy close connections after 17 silent seconds. The server sends something every 15 s."""
    text = configuration.read_text()
    text = text.replace(" 60s\n", " 17s\n").replace("proxy_pass ", "proxy_read_timeout 17s; proxy_pass ")
    configuration.write_text(text)
    return command


@contextmanager
def running(start: Start, folder: Path, server: MortalServer) -> Iterator[Proxy]:
    """Run a proxy before the server; it answers when the block begins."""
    port = free_port()
    command = start(folder, port, f"127.0.0.1:{server.port}")
    log = folder / "proxy.log"
    with log.open("wb") as output, child(command, folder, stdout=output, stderr=subprocess.STDOUT) as process:

        def answers() -> bool:
            assert process.poll() is None, log.read_text()
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as connection:
                try:
                    connection.request("GET", "/api/info/")
                    return connection.getresponse().status < 500
                except BROKEN:
                    return False

        wait_until(answers, "the proxy's first answer", patience=60)
        try:
            yield Proxy(port, compresses=start is not vite)
        except BaseException as error:
            error.add_note(log.read_text()[-2_000:])
            raise


@pytest.fixture(scope="module", params=PROXIES)
def proxy(request, server, tmp_path_factory) -> Iterator[Proxy]:
    with running(PROXIES[request.param], tmp_path_factory.mktemp("proxy"), server) as proxy:
        yield proxy


@pytest.fixture
def ann(people: list[Person]) -> Person:
    return people[0]


@pytest.fixture
def bob(people, proxy) -> Person:
    """Bob, whose requests pass the proxy. Ann's do not."""
    bob: Person = people[1]
    bob.server = proxy
    return bob


BROWSER = {"Accept": "text/event-stream", "Accept-Encoding": "gzip, deflate"}


def test_the_proxy_compresses_other_answers(bob):
    with closing(opened(bob, "/api/openapi.json", BROWSER)) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Encoding"] == ("gzip" if bob.server.compresses else None)


def test_events_pass_at_once(ann, bob):
    room = ann.makes_room(bob)
    with closing(opened(bob, "/api/chat/events/", BROWSER)) as stream:
        assert (stream.status, stream.headers["Content-Encoding"]) == (200, None)
        assert stream.readline().startswith(b"retry: ")
        events = (event for event in streamed(stream) if event["type"] == "message.created")
        for content in ("one", "two"):
            ann.says(room, content)
            assert next(events)["data"]["content"] == content


def test_a_socket_passes_frames_at_once_in_both_directions(ann, bob):
    room = ann.makes_room(bob)
    address = f"127.0.0.1:{bob.server.port}"
    url, header = f"ws://{address}/ws/chat/{room}/", [f"Authorization: Bearer {bob.token}"]
    with closing(
        websocket.create_connection(url, timeout=PATIENCE, header=header, origin=f"http://{address}")
    ) as socket:
        socket.send(json.dumps({"type": "message", "content": "hello"}))
        assert {json.loads(socket.recv())["type"] for _ in range(2)} == {"ack", "message.created"}
        ann.says(room, "hello, Bob")
        assert json.loads(socket.recv())["data"]["content"] == "hello, Bob"


def test_a_long_poll_ends_at_the_next_event(ann, bob):
    room = ann.makes_room(bob)
    cursor = bob.get("/api/chat/sync/")["cursor"]
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(bob.get, f"/api/chat/sync/?after={cursor}&timeout=15")
        assert not wait([waiting], timeout=0.5).done  # it waits at the server
        ann.says(room, "hello")
        assert waiting.result(AT_ONCE)["events"][0]["data"]["content"] == "hello"


@pytest.mark.parametrize("impatient_proxy", IMPATIENT)
def test_heartbeats_keep_streams_and_sockets_open(server, people, tmp_path, impatient_proxy):
    ann, bob = people
    room = ann.makes_room(bob)
    with running(IMPATIENT[impatient_proxy], tmp_path, server) as proxy, ThreadPoolExecutor() as pool:
        bob.server = proxy
        url, header = f"ws://127.0.0.1:{proxy.port}/ws/chat/{room}/", [f"Authorization: Bearer {bob.token}"]
        with (
            closing(opened(bob, "/api/chat/events/", BROWSER)) as stream,
            closing(websocket.create_connection(url, timeout=2 * PATIENCE, header=header)) as socket,
        ):

            def waits_for_pings() -> None:
                received = (socket.recv_data(control_frame=True)[0] for _ in itertools.count())
                pings = (opcode for opcode in received if opcode == websocket.ABNF.OPCODE_PING)
                assert len(list(itertools.islice(pings, 2))) == 2

            waiting = pool.submit(waits_for_pings)
            heartbeats = (line for line in iter(stream.readline, b"") if line == b":\n")
            assert len(list(itertools.islice(heartbeats, 4))) == 4  # the first two come at once
            waiting.result(2 * PATIENCE)
            ann.says(room, "hello")
            events = (event for event in streamed(stream) if event["type"] == "message.created")
            assert next(events)["data"]["content"] == "hello"
