"""Firefox, which Playwright drives only in builds of its own. puppeteer-core drives the one of Debian."""

import shutil
import subprocess
import sys
from pathlib import Path

from e2e.crowd import PASSWORD, rows
from servers import serving

NODE = Path(sys.executable).parent / "node"
SCRIPT = Path(__file__).parents[1] / "web" / "firefox.js"


def test_a_newcomer_registers_writes_and_reads_in_firefox(tmp_path: Path) -> None:
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    assert firefox, "there is no Firefox: `make firefox` installs it"
    with serving(tmp_path, rate_limits="off") as server:
        command: list[str | Path] = [NODE, SCRIPT, f"http://127.0.0.1:{server.port}", firefox, "nina", PASSWORD]
        story = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert story.returncode == 0, f"\n{story.stdout}{story.stderr}"
        said = rows(server.database, "SELECT content FROM message ORDER BY id")
        assert said == [("hello",), ("hello from elsewhere",)]
