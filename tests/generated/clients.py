"""The clients of docs/clients.md, generated from docs/openapi.json and compiled with the programs that use them.

Generating and compiling take several seconds, so the result stays in .cache until one of its sources changes.
"""

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import mkdtemp

from foreign.programs import fenced
from servers import BIN

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOCUMENT = ROOT / "docs/openapi.json"
NODE_MODULES = HERE / "node_modules"
_CACHE = ROOT / ".cache/generated-clients"
_LOCK = ROOT / "requirements-dev.lock"
_NODE = BIN / "node"


def typescript_client() -> Path:
    """Return the folder of the client, `minichat.ts`, and of its programs. Fail if the compiler refuses one of them."""
    sources = {
        "story.ts": fenced("TypeScript", "ts"),
        **{name: (HERE / name).read_text() for name in ("calls.ts", "package.json", "tsconfig.json")},
    }

    def build(folder: Path) -> None:
        (folder / "node_modules").symlink_to(NODE_MODULES)
        _run(folder, _NODE, NODE_MODULES / "openapi-typescript/bin/cli.js", DOCUMENT, "--output", "minichat.ts")
        _run(folder, _NODE, NODE_MODULES / "typescript/bin/tsc", "--project", "tsconfig.json")

    return _built("typescript", sources, build)


def python_client() -> Path:
    """Return the folder of the package `minichat_client` and of its programs. Fail if mypy refuses one of them."""
    sources = {
        "story.py": fenced("Python", "python"),
        "calls.py": (HERE / "calls.py").read_text(),
        "generator.yaml": fenced("Python", "yaml"),
    }

    def build(folder: Path) -> None:
        made = ("--config", "generator.yaml", "--meta", "none", "--output-path", "minichat_client")
        said = _run(folder, BIN / "openapi-python-client", "generate", "--path", DOCUMENT, *made)
        assert "warning" not in said.lower(), said
        strictly = ("--strict", "--config-file=", "--cache-dir", _CACHE / "mypy")
        _run(folder, BIN / "mypy", *strictly, "minichat_client", "story.py", "calls.py")

    return _built("python", sources, build)


def run(folder: Path, program: str, *arguments: str) -> list[str]:
    """Run a program of the folder and return the lines that it prints."""
    interpreter = _NODE if program.endswith(".ts") else BIN / "python"
    return _run(folder, interpreter, program, *arguments).splitlines()


def _built(language: str, sources: dict[str, str], build: Callable[[Path], None]) -> Path:
    """Return a folder with the sources, after `build` has been run in it."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (DOCUMENT, _LOCK, Path(__file__))))
    for name, text in sources.items():
        digest.update(f"{name}\n{text}".encode())
    folder = _CACHE / f"{language}-{digest.hexdigest()[:16]}"
    if folder.exists():
        return folder
    _CACHE.mkdir(parents=True, exist_ok=True)
    for old in _CACHE.glob(f"{language}-*"):
        shutil.rmtree(old)
    unfinished = Path(mkdtemp(dir=_CACHE))
    try:
        for name, text in sources.items():
            (unfinished / name).write_text(text)
        build(unfinished)
        return unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _run(folder: Path, *command: str | Path) -> str:
    """Run a command in the folder and return its output. Fail with the output if the command fails."""
    parts: Sequence[str] = [str(part) for part in command]
    ended = subprocess.run(parts, cwd=folder, capture_output=True, text=True, timeout=200, check=False)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return ended.stdout + ended.stderr
