"""The end of tests: a test that hangs fails with all stacks, its children are killed, and they obey Ctrl-C."""

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from e2e.crowd import wait_until

PROJECT = Path(__file__).resolve().parents[2]
HANGING = """
import sys
import threading
from pathlib import Path

from servers import child

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_that_waits_for_ever(tmp_path):
    threading.Thread(target=threading.Event().wait, name="another thread", daemon=True).start()
    with child(SLEEP, tmp_path) as process:
        Path("pid").write_text(str(process.pid))
        threading.Event().wait()
"""
CHILD = """
import subprocess
import sys


def test_a_child(tmp_path):
    ask = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    assert subprocess.check_output([sys.executable, "-c", ask]) == b"True\\n"
"""


def run_pytest(folder, test, *args, **options):
    """Run a file of tests in `folder` with our configuration and `tests/conftest.py`."""
    (folder / "test_it.py").write_text(test)
    config = ("-c", PROJECT / "pyproject.toml", "--rootdir", folder, "-p", "no:cacheprovider", "-p", "conftest")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *config, *args, folder / "test_it.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT / "tests")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def is_running(pid):
    return Path(f"/proc/{pid}").exists()


def test_a_test_that_hangs_fails_with_all_stacks_and_its_child_is_killed(tmp_path):
    outcome = run_pytest(tmp_path, HANGING, "--timeout", "1")
    assert outcome.returncode == pytest.ExitCode.TESTS_FAILED, outcome.stdout
    assert "1 failed" in outcome.stdout
    assert "Timeout" in outcome.stdout
    assert "threading.Event().wait()" in outcome.stdout
    assert "another thread" in outcome.stdout + outcome.stderr
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not is_running(pid), "the end of the child")


def test_every_test_has_a_time_limit():
    options = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert 0 < options["timeout"] <= 120


def test_children_of_tests_obey_ctrl_c_though_a_shell_started_the_run_in_the_background(tmp_path):
    outcome = run_pytest(tmp_path, CHILD, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    assert outcome.returncode == pytest.ExitCode.OK, outcome.stdout
