"""The search index of names as minichat 0.1 wrote it: all names had another fold.

A database that is being upgraded holds such entries, until `operations.reindex` has replaced them. Servers of that
version that still run write them, too.
"""

import re
import unicodedata

from minichat.domain.model import User
from minichat.domain.search import MAX_SEARCHABLE_LENGTH, MAX_SEARCHED_LENGTH

_DOTTED_I = re.compile("i\u0307+")


def former_fold(text: str) -> str:
    folded = _DOTTED_I.sub("i", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", folded)


def former_parts(user: User) -> set[tuple[bool, str]]:
    """Return the entries of the user: all endings of the names; the flag says whether the ending is the whole name."""
    names = {user.username, user.first_name, user.last_name, user.full_name} - {""}
    return {
        (start == 0, name[start : start + MAX_SEARCHED_LENGTH])
        for name in (former_fold(name)[:MAX_SEARCHABLE_LENGTH] for name in names)
        for start in range(len(name))
    }
