"""The documentation is right: its commands run, its links have targets, its settings and commands exist."""

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click import Group

from minichat.cli import main
from minichat.config import Settings
from servers import environment, serving
from settings import settings_from

PROJECT = Path(__file__).resolve().parents[2]
README = PROJECT / "README.md"
IN_RUSSIAN = PROJECT / "README.ru.md"
PAGES = [README, IN_RUSSIAN, PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").glob("*.md"))]
# Fields of the settings that no operator sets.
NOT_FOR_OPERATORS = {"notices", "shared_memory_dir"}


def fenced(page, language):
    """The blocks of code of a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def section(page, title):
    return page.read_text().split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("readme"), "--workers", "2") as server:
        yield server


@pytest.fixture
def session(server):
    """The commands of "The API in two minutes", for our server."""
    [block] = re.findall(r"^```sh\n(.*?)^```$", section(README, "The API in two minutes"), re.MULTILINE | re.DOTALL)
    assert block.count("http://127.0.0.1:8000") == 1
    return block.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{server.port}")


def shown(commands, tmp_path, *, shell="bash"):
    """The terminal's output of the commands, line by line."""
    # `python3` is the interpreter of these tests; the reader's PATH may have another one.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        [shell],
        input=commands,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
        env={**environment(), "PATH": path},
    )
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.splitlines()


def check_story(lines):
    sent, first, hello, second, logged_out, ended = lines
    assert '"content":"Hello, Bob!"' in sent
    assert (first, hello, second) == ("False", "Hello, Bob!", "True")
    assert logged_out == '{"message":"You are logged out."}'
    assert ended == "session_ended"


def test_the_api_in_two_minutes_matches_its_comments(session, tmp_path):
    lines = shown(session, tmp_path)
    check_story(lines)
    promised = re.findall(r"\S +# (.+)$", session, re.MULTILINE)
    assert promised == ["False", "Hello, Bob!", "True", "session_ended"]
    assert [line for line in lines if line in promised] == promised


def test_the_api_in_two_minutes_can_be_pasted_twice_into_one_terminal(session, tmp_path):
    lines = shown(session * 2, tmp_path)
    check_story(lines[:6])
    check_story(lines[6:])


def test_every_relative_link_leads_to_a_file():
    broken = []
    for page in PAGES:
        text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            file, _, anchor = target.partition("#")
            if "://" in target or target.startswith("mailto:"):
                continue
            path = (page.parent / file).resolve() if file else page
            if not path.exists() or (anchor and anchor not in anchors(path)):
                broken.append((page.name, target))
    assert broken == []


def anchors(page):
    """The anchors that GitHub makes of the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_file_that_a_page_names_exists():
    package = PROJECT / "src" / "minichat"
    parts_of_the_client = [path for path in (package / "web").rglob("*") if path.is_dir()]
    places = [PROJECT, package, package / "web", *parts_of_the_client, PROJECT / "docs", PROJECT / "tests"]
    missing = [
        (page.name, name)
        for page in PAGES
        for name in re.findall(r"`(\w[\w/.-]*\.(?:py|js|md|toml|lock))`", page.read_text())
        if not any((place / name).exists() for place in places)
    ]
    assert missing == []


PICTURES = PROJECT / "docs" / "pictures"
ADMINISTRATION = PROJECT / "docs" / "administration.md"
MAX_PICTURE_BYTES = 200_000
MAX_ALL_PICTURES_BYTES = 400_000


def shown_in(page):
    """The pictures that a page shows."""
    return sorted((page.parent / name).resolve() for name in re.findall(r'(?:src|srcset)="([^"]+)"', page.read_text()))


def test_the_readme_shows_small_pictures():
    """`make screenshots` makes them: all that are there, and nothing else."""
    everything = sorted(PICTURES.iterdir())
    pictures = [picture for picture in everything if not picture.name.startswith("administration-")]
    assert sum(picture.stat().st_size for picture in pictures) < MAX_PICTURE_BYTES
    assert sum(picture.stat().st_size for picture in everything) < MAX_ALL_PICTURES_BYTES
    for page in (README, IN_RUSSIAN):
        assert shown_in(page) == pictures
        assert page.read_text().index("docs/pictures") < page.read_text().index("\n## ")
    assert shown_in(ADMINISTRATION) == [picture for picture in everything if picture not in pictures]


def test_the_russian_readme_says_the_same_as_the_english_one():
    assert outline(IN_RUSSIAN) == outline(README)
    assert IN_RUSSIAN.name in README.read_text().split("\n## ")[0]
    assert README.name in IN_RUSSIAN.read_text().split("\n## ")[0]


def outline(page):
    """What the pages share in every language: the levels of the headings, the code, the links, the numbers of items."""
    text = page.read_text()
    code = re.findall(r"^```.*?^```$", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return {
        "headings": re.findall(r"^#+(?= )", prose, re.MULTILINE),
        "code": [re.sub(r"(?m)(^| +)# .*$", "", block) for block in code],
        "links": sorted(target for target in re.findall(r"\]\(([^)\s]+)\)", prose) if not target.startswith("README")),
        "bullets": len(re.findall(r"^\* ", prose, re.MULTILINE)),
        "settings": re.findall(r"^\| (`[A-Z].*?) \|", prose, re.MULTILINE),
        "commands": sorted(set(re.findall(r"`(minichat [a-z ]+|make [a-z-]+)`", prose))),
    }


def test_every_command_that_a_page_names_exists_and_the_other_way_round():
    known = {
        f"{name} {inner}" if isinstance(command, Group) else name
        for name, command in main.commands.items()
        for inner in (command.commands if isinstance(command, Group) else [""])
    }
    named, options = set(), []
    for page in PAGES:
        for line in re.findall(r"(?:^|[`\s])minichat ((?:[a-z]+ ?)+[^`\n|]*)", code_of(page)):
            words = line.split()
            name = next((name for name in known if words[: len(name.split())] == name.split()), None)
            assert name, f"{page.name} names `minichat {line}`"
            named.add(name)
            command: Any = main
            for word in name.split():
                command = command.commands[word]
            taken = {option for parameter in command.params for option in parameter.opts} | {"--help"}
            options += [(page.name, name, given) for given in re.findall(r"--[a-z-]+", line) if given not in taken]
    assert options == []
    assert named == known


def code_of(page):
    """The code on a page, one line each: its shell blocks and its texts between backticks."""
    text = page.read_text()
    blocks = [block.replace("\\\n", " ") for block in fenced(page, "sh")]
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    return "\n".join([*blocks, *inline])


def test_every_setting_of_the_readme_exists_and_the_other_way_round():
    names = {
        name
        for row in re.findall(r"^\| (`[A-Z].*?) \|", section(README, "Settings"), re.MULTILINE)
        for name in re.findall(r"`([A-Z_]+)`", row)
    }
    assert names == {field.name.upper() for field in fields(Settings) if field.name not in NOT_FOR_OPERATORS}
    for page in PAGES:
        mentioned = set(re.findall(r"MINICHAT_([A-Z_]+)", page.read_text()))
        assert mentioned <= names, page.name


def test_every_default_of_the_readme_is_the_default(tmp_path):
    rows = dict(re.findall(r"^\| (`[A-Z].*?) \| (.*?) \|", section(README, "Settings"), re.MULTILINE))
    loaded = settings_from({}, root=tmp_path)
    assert rows["`DATABASE_URL`"] == f"`{loaded.database_url.replace(f'{tmp_path}/', '')}`"
    assert rows["`ACCESS_TTL`, `REFRESH_TTL`, `SESSION_TTL`"] == "1 hour, 7 days, 30 days"
    assert (loaded.access_ttl, loaded.refresh_ttl, loaded.session_ttl) == (3_600, 7 * 86_400, 30 * 86_400)
    assert rows["`REFRESH_GRACE`"] == f"{loaded.refresh_grace}"
    assert rows["`CORS_ORIGINS`"] == f"`{','.join(loaded.cors_origins)}`"
    assert rows["`TRUSTED_PROXIES`"] == f"{loaded.trusted_proxies}"
    assert rows["`LOG_LEVEL`"] == f"`{loaded.log_level}`"
    assert (tmp_path / "instance" / "secret_key").stat().st_mode & 0o777 == 0o600
    assert rows["`SECRET_KEY`"] == "made beside the SQLite file, mode 0600"


def test_every_make_target_that_a_page_names_exists(tmp_path):
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for page in PAGES:
        named = set(re.findall(r"(?:^|`)make ([a-z-]+)", code_of(page), re.MULTILINE))
        assert named <= targets, page.name


def test_the_python_of_the_readme_runs_without_flask_and_peewee(tmp_path):
    [example] = fenced(README, "python")
    asked = "\nprint(ann.username, sorted({'flask', 'peewee'} & set(__import__('sys').modules)))"
    said = subprocess.run(
        [sys.executable, "-c", example + asked], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False
    )
    assert (said.stdout, said.stderr) == ("ann []\n", "")
