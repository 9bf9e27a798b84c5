"""The domain needs no framework: its unit tests pass where only pytest, its timeout plugin and minichat are installed.

The environment is created once and kept in .cache. Each run installs the current source in it.
"""

import shutil
import subprocess
import sys
import venv
from importlib.metadata import distribution, version
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
ENVIRONMENT = PROJECT / ".cache" / "domain-alone"
PYTHON = ENVIRONMENT / "bin" / "python"
PIP = ("-m", "pip", "-qq", "--disable-pip-version-check")


def run(*command, cwd=PROJECT):
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """This package, built like a release, so that a module missing in the packaging is noticed."""
    # From a copy: setuptools leaves folders behind, and would take removed modules from them the next time.
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(PROJECT / name, source)
    shutil.copytree(PROJECT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    run(sys.executable, *PIP, "wheel", "--no-deps", "--no-build-isolation", ".", cwd=source)
    [wheel] = source.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def python(wheel):
    """The interpreter of an environment with pytest and this package, without its dependencies."""
    # Another pytest or Python, as after an update, is another environment.
    tools = [f"{name}=={version(name)}" for name in ("pytest", "pytest-timeout")]
    made_of = f"{sys.version}\n{tools}\n"
    stamp = ENVIRONMENT / "made-of"
    if not stamp.exists() or stamp.read_text() != made_of:
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        run(PYTHON, *PIP, "install", *tools)
        stamp.write_text(made_of)
    run(PYTHON, *PIP, "install", "--no-deps", "--force-reinstall", wheel)
    return PYTHON


def test_the_unit_tests_pass_with_pytest_and_the_bare_package(python):
    installed = run(python, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check")
    names = {line.split("==")[0].lower() for line in installed.splitlines()}
    needed = {requirement.split(">")[0].lower() for requirement in distribution("minichat-server").requires or ()}
    assert {"minichat-server", "pytest"} <= names
    assert not names & needed

    outcome = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit")
    assert " passed" in outcome
    assert "skipped" not in outcome
