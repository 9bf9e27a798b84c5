"""A copy of the web client on a web server of its own, as docs/operations.md describes it: another origin."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WEB = Path(__file__).parents[2] / "src" / "minichat" / "web"
DEVELOPMENT_PORT = 3000
"""The port of the origins that the default settings allow."""


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections, since a page loads more than a hundred modules

    def log_message(self, *args: object) -> None:
        """Print nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore browsers that leave a page while its files come."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving_files(folder: Path) -> Iterator[int]:
    """Serve the files of the folder until the block ends; yield the port, which is 3000 unless it is taken."""
    handler = partial(_Quiet, directory=folder)
    try:
        files = _Server(("127.0.0.1", DEVELOPMENT_PORT), handler)
    except OSError:
        files = _Server(("127.0.0.1", 0), handler)
    with files:
        thread = threading.Thread(target=files.serve_forever)
        thread.start()
        try:
            yield files.server_port
        finally:
            files.shutdown()
            thread.join()


def copy_client(folder: Path, api: str) -> None:
    """Make a copy of the client in the folder, whose pages use the minichat at `api`."""
    (folder / "web").symlink_to(WEB)
    page = (WEB / "index.html").read_text(encoding="utf-8")
    changed = page.replace('data-api=""', f'data-api="{api}"')
    assert changed != page
    (folder / "index.html").write_text(changed, encoding="utf-8")
