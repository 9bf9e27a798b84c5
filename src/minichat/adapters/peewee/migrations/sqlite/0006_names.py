"""New rules for comparing names: both small sigmas are equal, and the `i` from an `İ` loses its extra dot."""

import unicodedata
from collections.abc import Iterable

from peewee import Database
from playhouse.migrate import SchemaMigrator

STATEMENTS = (
    # If two names have become equal, the one that already had this form keeps it.
    "UPDATE OR IGNORE user SET username_key = replace(username_key, 'ς', 'σ') WHERE instr(username_key, 'ς')",
    "UPDATE OR IGNORE freed_name SET username_key = replace(username_key, 'ς', 'σ') WHERE instr(username_key, 'ς')",
)
DOTTED = """
    SELECT id, username, first_name, last_name FROM user
    WHERE instr(username || first_name || last_name, 'İ') OR instr(username || first_name || last_name, char(0x307))
"""


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Update the keys, and the search index of the changed names."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
    people = db.execute_sql(DOTTED).fetchall()
    if people:
        theirs = ", ".join(str(user_id) for user_id, *_ in people)
        db.execute_sql(f"DELETE FROM user_name_part WHERE user_id IN ({theirs})")  # noqa: S608 - numbers
    for user_id, username, first_name, last_name in people:
        for is_start, part in _parts((username, first_name, last_name, f"{first_name} {last_name}".strip())):
            db.execute_sql("INSERT INTO user_name_part VALUES (?, ?, ?)", (is_start, part, user_id))


def _parts(names: Iterable[str]) -> set[tuple[bool, str]]:
    """Return the index entries of the names, by the rules at the time of this migration."""
    folded = {_fold(name)[:310] for name in names if name}
    return {(start == 0, name[start : start + 128]) for name in folded for start in range(len(name))}


def _fold(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    while "i\u0307" in folded:
        folded = folded.replace("i\u0307", "i")
    return unicodedata.normalize("NFKC", folded)
