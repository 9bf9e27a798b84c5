"""The style sheet and the script of the pages, as this server sends them.

The style sheet begins with that of the web client: both have the same colours, controls and forms. The address of a
file holds a digest of all files, so browsers can keep it, and a page never loads files of two versions.
"""

import functools
from importlib.resources import files
from typing import NamedTuple

from minichat.api.files import File, digest_of, packed, without_comments

_SHARED = ("tokens", "base", "controls", "forms", "welcome")
"""Style sheets of the web client that the pages use, in their order there."""
_OWN = ("layout", "lists", "details", "messages", "second_factor", "figures")


class Assets(NamedTuple):
    digest: str
    files: dict[str, File]
    """By name."""


@functools.cache
def assets() -> Assets:
    """Return the files. All are read once, because an upgrade may replace them below a running worker."""
    package = files("minichat")
    sheets = [package / f"web/styles/{name}.css" for name in _SHARED]
    sheets += [package / f"admin/files/{name}.css" for name in _OWN]
    contents = {
        "admin.css": b"\n".join(without_comments(sheet.name, sheet.read_bytes()) for sheet in sheets),
        "admin.js": without_comments("admin.js", (package / "admin/files/admin.js").read_bytes()),
        "icon.svg": (package / "web/images/icon.svg").read_bytes(),
    }
    digest = digest_of(contents.values())
    return Assets(digest, {name: packed(name, content, digest) for name, content in contents.items()})
