"""What the pages show: lists, details and forms, as plain values. The templates draw each kind in one way."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from minichat.domain.model import Timestamp, User

Tone = Literal["plain", "good", "warning", "bad"]


class Link(NamedTuple):
    """A text that leads to another page."""

    text: str
    href: str


class Moment(NamedTuple):
    """A time, shown in the time zone of the browser; None for never."""

    at: Timestamp | None


class Tag(NamedTuple):
    """A short state, such as "disabled"."""

    text: str
    tone: Tone = "plain"


class Tags(NamedTuple):
    tags: Sequence[Tag]


class Person(NamedTuple):
    """A user, with a link to their page."""

    username: str
    full_name: str
    colour: int
    href: str | None


Cell = str | int | Link | Moment | Tags | Person


def person(user: User, href: str | None) -> Person:
    return Person(user.username, user.full_name, user.id % 8, href)


class Column(NamedTuple):
    title: str
    is_number: bool = False


class Table(NamedTuple):
    """Rows of cells. The first cell of a row is its heading and usually a link."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    empty: str
    """The sentence in place of the rows if there are none."""


class Choice(NamedTuple):
    """A filter or a sort order: a parameter of the list's address."""

    parameter: str
    label: str
    options: Sequence[tuple[str, str]]
    """Each value with its text. The first is the default and the empty value."""


class Search(NamedTuple):
    """A field of the filter bar: a parameter of the list's address."""

    parameter: str
    label: str
    hint: str = ""
    type: Literal["search", "date"] = "search"


class Button(NamedTuple):
    """A way to an action. With `posts` it acts at once; otherwise it leads to a page that asks first."""

    text: str
    href: str
    posts: bool = False
    tone: Literal["plain", "main", "bad"] = "plain"


class Facts(NamedTuple):
    """A section of a page of details: names with their values."""

    title: str
    facts: Sequence[tuple[str, Cell]]


class Section(NamedTuple):
    """A section of a page of details: a table, with the way to more of it and the actions on it."""

    title: str
    table: Table
    more: Link | None = None
    buttons: Sequence[Button] = ()


class Question(NamedTuple):
    """A page with a form, or only a question: title, explanation and button."""

    title: str
    text: str
    button: str
    is_dangerous: bool = False
    facts: Sequence[tuple[str, Any]] = ()
