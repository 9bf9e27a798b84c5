"""The wheel: it holds every file that minichat needs, and serves from an empty folder once it is installed.

It is built from the files that the Dockerfile copies, by the locked setuptools. Its dependencies are those of this
environment, so that nothing is downloaded.

The domain needs no framework: its unit tests, each once, pass where only pytest, its timeout plugin and the wheel are
installed. That environment is created once and kept in .cache.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from email import message_from_string
from importlib.metadata import distribution, version
from pathlib import Path

import pytest

from servers import run_program, serving

ROOT = Path(__file__).parents[2]
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
OFFLINE = ["--no-index", "--no-deps"]
BARE = ROOT / ".cache" / "domain-alone"
REGISTRATION = {"username": "ann", "password": "correct horse battery"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    ignored = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text()
    for name in re.findall(r"^!(.*)$", ignored, re.MULTILINE):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(ROOT / name, source / name)
    subprocess.run([*PIP, "wheel", *OFFLINE, "--no-build-isolation", "--wheel-dir", folder, source], check=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder in which the wheel is installed: it comes before this environment's own minichat on the path."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([*PIP, "install", *OFFLINE, "--target", folder, wheel], check=True)
    return folder


def test_the_wheel_holds_every_file_of_the_package_and_the_licence(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    package = ROOT / "src" / "minichat"
    files = {
        str(path.relative_to(ROOT / "src"))
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files <= names
    assert {"minichat/py.typed", "minichat/api/static/docs.js", "minichat/web/index.html"} <= names
    for part in (
        "adapters/peewee/migrations/sqlite/0001",
        "adapters/peewee/migrations/postgres/0001",
        "admin/templates/",
    ):
        assert any(name.startswith(f"minichat/{part}") for name in names), part
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_metadata_names_the_distribution_its_licence_and_its_command(wheel):
    with zipfile.ZipFile(wheel) as archive:
        [folder] = {name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = message_from_string(archive.read(f"{folder}/METADATA").decode())
        entry_points = archive.read(f"{folder}/entry_points.txt").decode()
    assert metadata["Name"] == "minichat-server"
    assert metadata["License-Expression"] == "MIT"
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert metadata.get_all("Project-URL") is None
    assert "minichat = minichat.cli:main" in entry_points
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert len(metadata.get_all("Requires-Dist", [])) == len(declared)


def test_an_installed_wheel_serves_from_an_empty_folder(installed, tmp_path):
    program = installed / "bin" / "minichat"
    variables = {"PYTHONPATH": str(installed)}
    assert list(tmp_path.iterdir()) == []
    where = [sys.executable, "-c", "import minichat; print(minichat.__file__)"]
    found = run_program(tmp_path, *where, variables=variables)
    assert Path(found.stdout.strip()).is_relative_to(installed), found
    with serving(tmp_path, program=str(program), variables=variables) as server:
        assert server.call("POST", "/api/auth/register/", REGISTRATION).status == 201
        page = server.call("GET", "/api/")
        assert page.status == 200
        scripts = re.findall(r'src="([^"]+\.js)"', page.body.decode())
        assert scripts
        for script in scripts:
            path = re.sub(r"^https?://[^/]+", "", script)
            assert server.call("GET", path if path.startswith("/") else f"/api/{path}").status == 200, script
        chat = server.call("GET", "/").body.decode()
        for address in re.findall(r'(?:src|href|data-main)="(/[^"]+)"', chat):
            assert server.call("GET", address).status == 200, address
        assert server.call("GET", "/admin/").status in {200, 302}
        status = run_program(tmp_path, str(program), "db", "status", variables=variables)
        assert status.returncode == 0, status
        folder = ROOT / "src/minichat/adapters/peewee/migrations"
        migrations = sorted(file.stem for kind in ("sqlite", "both") for file in folder.glob(f"{kind}/0*.py"))
        assert status.stdout.splitlines() == [*(f"applied  {name}" for name in migrations), "search   complete"]
        version = run_program(tmp_path, str(program), "--version", variables=variables)
        assert version.stdout == "minichat, version 0.1.0\n"
        assert server.stop() == 0


@pytest.fixture(scope="module")
def bare_python(wheel):
    """The interpreter of an environment with pytest and the wheel, without its dependencies."""
    python = BARE / "bin" / "python"
    # Another pytest or Python, as after an update, is another environment.
    tools = [f"{name}=={version(name)}" for name in ("pytest", "pytest-timeout")]
    made_of = f"{sys.version}\n{tools}\n"
    stamp = BARE / "made-of"
    if not stamp.exists() or stamp.read_text() != made_of:
        venv.create(BARE, clear=True)
        subprocess.run([*PIP, "--python", python, "install", *tools], check=True)
        stamp.write_text(made_of)
    packages = packages_of(python)
    for earlier in packages.glob("minichat*"):
        shutil.rmtree(earlier)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    return python


def packages_of(python):
    """Return the folder of the packages of an environment."""
    [folder] = python.parents[1].glob("lib/python*/site-packages")
    return folder


def test_the_unit_tests_pass_with_pytest_and_the_bare_package(bare_python):
    installed = {path.name.split("-")[0].replace("_", "-") for path in packages_of(bare_python).glob("*.dist-info")}
    needed = {requirement.split(">")[0].lower() for requirement in distribution("minichat-server").requires or ()}
    assert {"minichat-server", "pytest"} <= installed
    assert not {name.lower() for name in installed} & needed

    # The main run repeats them with all parameters, which import nothing else.
    command = [bare_python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "one_of_each", "tests/unit"]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    outcome = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert " passed" in outcome.stdout
    assert "skipped" not in outcome.stdout
