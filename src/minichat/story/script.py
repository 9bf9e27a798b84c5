"""Scripts of conversations: a room and what happens in it, read from plain text.

A file begins with its room. The rest is a conversation, line by line:

    == Backend
    about: Code, reviews, incidents.
    people: james* misha+ priya
    private

    -- 3 days ago 09:05
    james: A message. `*` above marks the owner, `+` a moderator.
        Indented lines continue it, also code.
      as question
      + 👍 misha priya
    -- 20 minutes later
    misha to question: A reply.
      edited: A better reply.
      pinned by james
    -- 40 minutes ago
    priya: Times are in UTC. Typing takes time by itself.
      deleted
    .. all but misha read

`.. james invites`, `.. max accepts` and `.. priya hears mentions` are the other actions.
This module performs nothing: `stage` does.
"""

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import NamedTuple
from zlib import crc32

from minichat.domain.model import DAY, HOUR, MINUTE, SECOND, Timestamp

_SAID = re.compile(r"([^\W\d][\w.-]*)(?: to ([\w-]+))?: (.*)")
_CLOCK = re.compile(r"-- (\d+) days? ago (\d\d):(\d\d)")
_AGO = re.compile(r"-- (\d+) minutes ago")
_LATER = re.compile(r"-- (\d+) (minutes?|hours?) later")
_INDENT = "    "


class Scene(NamedTuple):
    """A room. `label` names it in other modules: the stem of its file."""

    label: str
    name: str
    """Empty for a direct chat."""
    about: str
    owner: str
    moderators: tuple[str, ...]
    members: tuple[str, ...]
    is_private: bool
    is_announcements: bool
    acts: "tuple[Act, ...]"

    @property
    def people(self) -> tuple[str, ...]:
        """Return the participants at the beginning, the owner first."""
        return (self.owner, *self.moderators, *self.members)


class Act(NamedTuple):
    """An action of a person, `at` a time. `number` is that of a message in its scene, from 0 on."""

    at: Timestamp
    kind: str
    """say, react, pin, edit, delete, read, invite, accept or hear."""
    who: str
    number: int = 0
    text: str = ""
    """The content of a message, an emoji, or a level of notifications."""
    to: int | None = None
    """The number of the message that this one replies to."""


class Wrong(Exception):
    """A line of a script can't be read."""


def scenes(now: Timestamp) -> Sequence[Scene]:
    """Return the scenes of the files in `rooms/`, as they look at that time."""
    found = [file for file in files(__package__).joinpath("rooms").iterdir() if file.name.endswith(".txt")]
    return [read(file.name.removesuffix(".txt"), file.read_text(encoding="utf-8"), now) for file in found]


def read(label: str, text: str, now: Timestamp) -> Scene:
    """Return the scene of a script. Raises Wrong."""
    return _Reader(label, now).scene(text)


class _Reader:
    def __init__(self, label: str, now: Timestamp) -> None:
        self._label, self._now = label, now
        self._clock = 0
        self._acts: list[Act] = []
        self._labels: dict[str, int] = {}
        self._people: list[str] = []
        self._last = -1
        """The number of the last message."""
        self._said: Act | None = None
        """The last message, as long as lines can continue it."""

    def scene(self, text: str) -> Scene:
        head, _, rest = text.partition("\n\n")
        scene = self._head(head.splitlines())
        self._people = [*scene.people]
        for line in _joined(rest.splitlines()):
            if line:
                self._line(line)
        return scene._replace(acts=tuple(self._acts))

    def _head(self, lines: Sequence[str]) -> Scene:
        title, *others = lines
        given = {key: value.strip() for key, _, value in (line.partition(":") for line in others)}
        names = given["people"].split()
        owner = next((name for name in names if name.endswith("*")), names[0])
        moderators = [name for name in names if name.endswith("+")]
        members = [name for name in names if name not in {owner, *moderators}]
        return Scene(
            label=self._label,
            name=title.removeprefix("==").strip() if "direct" not in given else "",
            about=given.get("about", ""),
            owner=owner.rstrip("*"),
            moderators=tuple(name.rstrip("+") for name in moderators),
            members=tuple(members),
            is_private="private" in given,
            is_announcements="announcements" in given,
            acts=(),
        )

    def _line(self, line: str) -> None:
        if line.startswith("-- "):
            self._set_clock(line)
        elif line.startswith(".. "):
            self._action(line.removeprefix(".. "))
        elif line.startswith("  "):
            self._mark(line.strip())
        elif said := _SAID.fullmatch(line, endpos=len(line.partition("\n")[0])):
            self._say(said[1], said[2], said[3] + line[said.end() :])
        else:
            raise Wrong(f"{self._label}: {line}")

    def _set_clock(self, line: str) -> None:
        if day := _CLOCK.fullmatch(line):
            midnight = self._now - self._now % DAY
            self._clock = midnight - int(day[1]) * DAY + int(day[2]) * HOUR + int(day[3]) * MINUTE
        elif ago := _AGO.fullmatch(line):
            self._clock = self._now - int(ago[1]) * MINUTE
        elif later := _LATER.fullmatch(line):
            self._clock += int(later[1]) * (HOUR if later[2].startswith("hour") else MINUTE)
        else:
            raise Wrong(f"{self._label}: {line}")

    def _say(self, who: str, to: str | None, text: str) -> None:
        self._last += 1
        self._clock += typing_time(text)
        self._act("say", who, text=text, to=None if to is None else self._labels[to])

    def _mark(self, line: str) -> None:
        """Read a line about the last message."""
        word, _, rest = line.partition(" ")
        author = next(act.who for act in reversed(self._acts) if act.kind == "say")
        if word == "as":
            self._labels[rest] = self._last
        elif word == "+":
            emoji, *people = rest.split()
            for place, person in enumerate(people, start=1):
                self._act("react", person, text=emoji, after=place * 17 * SECOND)
        elif word == "edited:":
            self._act("edit", author, text=rest, after=40 * SECOND)
        elif word == "deleted":
            self._act("delete", rest.removeprefix("by ") or author, after=50 * SECOND)
        elif word == "pinned":
            self._act("pin", rest.removeprefix("by "), after=30 * SECOND)
        else:
            raise Wrong(f"{self._label}: {line}")

    def _action(self, line: str) -> None:
        *words, last = line.split()
        if last == "read":
            readers = [name for name in self._people if name not in words] if words[0] == "all" else words
            for place, reader in enumerate(readers, start=1):
                self._act("read", reader, after=place * 11 * SECOND)
        elif last == "invites":
            self._act("invite", words[0])
        elif last == "accepts":
            self._people.append(words[0])
            self._act("accept", words[0])
        elif words[-1] == "hears":
            self._act("hear", words[0], text=last)
        else:
            raise Wrong(f"{self._label}: {line}")

    def _act(self, kind: str, who: str, *, text: str = "", to: int | None = None, after: int = 0) -> None:
        at = min(self._clock + after, self._now)
        self._acts.append(Act(at, kind, who, self._last, text, to))


def typing_time(text: str) -> int:
    """Return the milliseconds between the last message and this one: more for a long text, and seldom the same."""
    seconds = 6 + min(len(text), 400) // 6
    return seconds * SECOND + crc32(text.encode()) % (seconds * SECOND)


def _joined(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines, each with those that continue it: they are indented by four, or empty between such lines."""
    whole, is_open, gap = "", False, 0
    for line in lines:
        if line.startswith(_INDENT) and is_open:
            whole += "\n" * gap + "\n" + line.removeprefix(_INDENT)
            gap = 0
        elif not line.strip():
            gap += 1
        else:
            yield whole
            whole, gap = line, 0
            is_open = _SAID.fullmatch(line) is not None
    yield whole
