"""Lists in the output of commands: pages by key, and the names of the people that an entry refers to."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from minichat.domain.model import People
    from minichat.domain.paging import Page, Window

Found = TypeVar("Found")

PAGE = 200


def all_pages(read: "Callable[[Window], Found]", page_of: "Callable[[Found], Page[Any]]") -> Iterator[Found]:
    """Yield the results of `read` from the first page to the last. Memory holds one page at a time."""
    from minichat.domain.paging import Window

    window = Window(PAGE)
    while True:
        found = read(window)
        yield found
        page = page_of(found)
        if page.next is None:
            return
        window = Window(PAGE, after=page.next)


def username_of(user_id: int | None, people: "People") -> str | None:
    """Return the username; the id after a number sign if the account is unknown, and None for nobody."""
    if user_id is None:
        return None
    return people[user_id].username if user_id in people else f"#{user_id}"
