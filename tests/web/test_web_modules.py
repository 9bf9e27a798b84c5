"""The modules of the web client without a browser: node's own test runner runs `*.test.js`, once.

While you work on a module, run its tests alone: `.venv/bin/node --test tests/web/messages.test.js`.
"""

import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
NODE = Path(sys.executable).parent / "node"
FAILURES = "failing tests:"


def test_the_modules_of_the_web_client_pass_their_tests() -> None:
    files = sorted(FOLDER.glob("*.test.js"))
    command: list[str | Path] = [NODE, "--test", "--test-reporter=spec", *files]
    outcome = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=100, check=False)
    said = re.sub(r"\x1b\[[\d;]*m", "", outcome.stdout)
    failures = said.partition(FAILURES)[2] or said + outcome.stderr
    assert outcome.returncode == 0, f"\n{failures}"
    passed = re.search(r"^ℹ pass (\d+)$", said, re.MULTILINE)
    assert passed, said
    assert int(passed[1]) >= len(files) > 0


def test_each_fault_of_other_clients_names_tests_that_exist() -> None:
    document = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    section = document.partition("### Faults of other clients")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| .*\|$", section, re.MULTILINE)[1:]
    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`(tests/[^`]+)`", row)
        assert named, row
        for name in named:
            path, *parts = name.split("::")
            source = (ROOT / path).read_text(encoding="utf-8")
            assert all(re.search(rf"^ *(?:def|class) {part}\b", source, re.MULTILINE) for part in parts), name
