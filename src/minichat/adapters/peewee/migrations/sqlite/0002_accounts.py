"""Throttling, the audit log, the erasure of accounts, and the network of each session."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

STATEMENTS = (
    # Known addresses are compared by network, because an IPv6 host can use any address of its /64 (RFC 4291).
    "ALTER TABLE session ADD COLUMN network TEXT NOT NULL DEFAULT ''",
    "UPDATE session SET network = ip WHERE instr(ip, ':') = 0",
    "CREATE INDEX session_network ON session (user_id, network)",
    "ALTER TABLE user ADD COLUMN deleted_at INTEGER",
    # The list of users skips the erased accounts, whose names all begin with "deleted-user-".
    "CREATE INDEX user_living ON user (username_key) WHERE deleted_at IS NULL",
    # The reserved names of erased accounts.
    """
    CREATE TABLE freed_name (
        username_key TEXT PRIMARY KEY,
        free_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX freed_name_free_at ON freed_name (free_at)",
    # For `minichat prune`. SQLite looks for the replies of each deleted message.
    "CREATE INDEX session_over ON session (ifnull(ended_at, expires_at))",
    "CREATE INDEX refresh_token_expires_at ON refresh_token (expires_at)",
    "CREATE INDEX room_deleted_at ON room (deleted_at) WHERE deleted_at IS NOT NULL",
    "CREATE INDEX message_reply_to ON message (reply_to) WHERE reply_to IS NOT NULL",
    "CREATE INDEX user_avatar_url ON user (avatar_url) WHERE avatar_url <> ''",
    # The messages of a user, for the export of their data.
    "CREATE INDEX message_user ON message (user_id, id)",
    # The attempt counts of `domain.throttling`.
    """
    CREATE TABLE attempt (
        key TEXT PRIMARY KEY,
        count INTEGER NOT NULL,
        since INTEGER NOT NULL,
        last INTEGER NOT NULL,
        forget_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX attempt_forget_at ON attempt (forget_at)",
    """
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        event TEXT NOT NULL,
        user_id INTEGER,
        actor_id INTEGER,
        session_id INTEGER,
        ip TEXT NOT NULL,
        user_agent TEXT NOT NULL,
        detail TEXT NOT NULL CHECK (json_valid(detail))
    ) STRICT
    """,
    "CREATE INDEX audit_user ON audit (user_id, id)",
    # Append-only for every program: no row changes, and only old rows may be deleted.
    """
    CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
    """,
    # REPLACE deletes a row without the trigger on DELETE.
    """
    CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit WHEN NEW.id IN (SELECT id FROM audit)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
    """,
    """
    CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
    WHEN OLD.at > (unixepoch() - 30 * 86400) * 1000
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
    """,
)


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
