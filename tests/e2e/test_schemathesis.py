"""The running service against its own OpenAPI document: thousands of right and wrong requests, by schemathesis."""

import os
import subprocess
from pathlib import Path

import pytest

from e2e.crowd import PASSWORD, check_database, register
from scale import scaled
from servers import BIN, serving

HERE = Path(__file__).parent
FOUND = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path, "--workers", "2", rate_limits="off") as server:
        yield server


@pytest.mark.timeout(300)  # thousands of requests
def test_every_answer_of_the_service_matches_the_openapi_document(server, tmp_path):
    tester, other = register(server, "tester", "other")
    room = tester.makes_room(other)
    assert tester.says(room, "hello").status == 201
    found = subprocess.run(
        [
            *(BIN / "schemathesis", "--no-color", "--config-file", HERE / "schemathesis.toml"),
            *("run", f"http://127.0.0.1:{server.port}/api/openapi.json"),
            *("--max-examples", f"{scaled(3, 200)}"),
        ],
        cwd=tmp_path,
        # Few variables: `requests` looks through all of them for proxies, twice for each request.
        env={**FOUND, "PYTHONPATH": f"{HERE}", "CHAT_USERNAME": "tester", "CHAT_PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        timeout=scaled(240, 3_000),
        check=False,
    )
    assert found.returncode == 0, f"{found.stdout}\n{found.stderr}\n{server.said}"
    assert "Traceback" not in server.said
    server.stop()
    check_database(server.database)
