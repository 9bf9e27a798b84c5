"""A real nginx in front of servers under test, with `deploy/nginx.conf` for other addresses and paths."""

import json
import os
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from servers import PATIENCE, RunningServer, free_port, kill_group

CONFIGURATION = Path(__file__).parents[1] / "deploy" / "nginx.conf"
NAME = "chat.example.org"


def judged_configuration(folder: Path, upstreams: Sequence[int]) -> subprocess.CompletedProcess[str]:
    """Return the result of `nginx -t` for the configuration."""
    _make_certificate(folder)
    text = with_addresses(CONFIGURATION.read_text(), folder, free_port(), free_port(), free_port(), upstreams)
    (folder / "nginx.conf").write_text(text)
    return subprocess.run(nginx_command(folder, "-t"), capture_output=True, text=True, check=False)


class RunningNginx(RunningServer):
    """An nginx that serves TLS, as in production, and plain HTTP on `port` for clients without TLS."""

    def __init__(self, folder: Path, upstreams: Sequence[int]) -> None:
        """`upstreams` are the ports of the hosts behind nginx."""
        self.folder = folder
        self.tls_port, self.redirecting_port = free_port(), free_port()
        self.certificate = folder / "fullchain.pem"
        port = free_port()
        _make_certificate(folder)
        self.configuration = folder / "nginx.conf"
        self.configuration.write_text(
            with_addresses(CONFIGURATION.read_text(), folder, port, self.tls_port, self.redirecting_port, upstreams)
        )
        log = folder / "nginx.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                nginx_command(folder),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        super().__init__(process, log, port)
        self._requests: list[dict[str, str]] = []
        self._log_read_to = 0

    def trusting(self) -> ssl.SSLContext:
        """Return a TLS context that trusts its certificate."""
        return ssl.create_default_context(cafile=self.certificate)

    @property
    def requests(self) -> list[dict[str, str]]:
        """The entries of its access log."""
        with (self.folder / "access.log").open("rb") as log:
            log.seek(self._log_read_to)
            whole, newline, _ = log.read().rpartition(b"\n")
        self._log_read_to += len(whole + newline)
        self._requests += map(json.loads, whole.splitlines())
        return self._requests

    def logged(self, request_id: str) -> dict[str, str]:
        """Wait for the entry of a request in its access log, and return it."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = [request for request in self.requests if request["request_id"] == request_id]
            if found:
                return found[0]
            assert time.monotonic() < deadline, f"the request {request_id} is not in the log"
            time.sleep(0.01)

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.connection().close()
            except OSError:
                assert time.monotonic() < deadline, f"nginx does not start:\n{self.said}"
                assert self.process.poll() is None, f"nginx does not start:\n{self.said}"
                time.sleep(0.01)
            else:
                return


def with_addresses(
    text: str, folder: Path, port: int, tls_port: int, redirecting_port: int, upstreams: Sequence[int]
) -> str:
    """Return the configuration for this machine: other hosts, ports and files, and a port without TLS."""
    hosts = re.findall(r"server (minichat-\d+:8000) ", text)
    assert len(hosts) == len(upstreams), hosts
    for host, upstream in zip(hosts, upstreams, strict=True):
        text = _put(text, f"server {host} ", f"server 127.0.0.1:{upstream} ")
    text = _put(text, r"listen [::]:", "# listen [::]:", times=4)
    text = _put(text, "listen 443 ssl http2;", f"listen 127.0.0.1:{tls_port} ssl http2; listen 127.0.0.1:{port};")
    text = _put(text, "listen 443 ssl ", f"listen 127.0.0.1:{tls_port} ssl ")
    text = _put(text, "listen 80 ", f"listen 127.0.0.1:{redirecting_port} ")
    text = _put(text, "listen 80;", f"listen 127.0.0.1:{redirecting_port};")
    text = _put(text, "/etc/nginx/tls/", f"{folder}/", times=2)
    kept = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in _KINDS)
    # /dev/stdout cannot be opened where standard output is a file of another user.
    text = _put(text, "access_log /dev/stdout ", f"{kept}access_log {folder}/access.log ")
    text = _put(text, "worker_rlimit_nofile 65536;", "")  # only root may raise it
    text = _put(text, "worker_connections 20000;", "worker_connections 500;")
    return _put(text, "worker_processes auto;", "worker_processes 2;")


_KINDS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def _put(text: str, old: str, new: str, times: int = 1) -> str:
    assert text.count(old) == times, f"{old!r} stands {text.count(old)} times in {CONFIGURATION.name}"
    return text.replace(old, new)


def _make_certificate(folder: Path) -> None:
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    files = ["-keyout", f"{folder}/privkey.pem", "-out", f"{folder}/fullchain.pem"]
    subprocess.run(["openssl", "req", *kind, *names, *files], check=True, capture_output=True)


def nginx_command(folder: Path, *more: str) -> list[str]:
    # Its workers run as the tests' user, since other users cannot read a test's folder.
    directives = f"daemon off; pid {folder}/nginx.pid;" + (" user root;" if os.geteuid() == 0 else "")
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "there is no nginx: `make nginx` installs it"
    return [program, "-p", f"{folder}", "-c", f"{folder}/nginx.conf", "-g", directives, *more]


@contextmanager
def running_nginx(folder: Path, upstreams: Sequence[int]) -> Iterator[RunningNginx]:
    nginx = RunningNginx(folder, upstreams)
    try:
        nginx.wait_until_it_answers()
        yield nginx
    finally:
        kill_group(nginx.process)
