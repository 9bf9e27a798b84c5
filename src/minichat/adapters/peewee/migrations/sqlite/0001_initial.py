"""The first data model: accounts, sessions, rooms, messages and the change log."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

# AUTOINCREMENT never assigns an id twice, even after the newest rows were pruned, because clients store ids.
TABLES = """
CREATE TABLE user (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    first_name TEXT NOT NULL DEFAULT '',
    last_name TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL DEFAULT '',
    avatar_url TEXT NOT NULL DEFAULT '',
    is_active INTEGER NOT NULL DEFAULT 1,
    is_superuser INTEGER NOT NULL DEFAULT 0,
    joined_at INTEGER NOT NULL,
    last_seen_at INTEGER
) STRICT;
CREATE INDEX user_last_seen ON user (last_seen_at);

CREATE TABLE user_name_part (
    is_start INTEGER NOT NULL,
    part TEXT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES user (id),
    PRIMARY KEY (is_start, part, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES user (id),
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    user_agent TEXT NOT NULL,
    ip TEXT NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX session_user ON session (user_id);

CREATE TABLE refresh_token (
    jti_hash TEXT PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES session (id),
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_token_session ON refresh_token (session_id);

CREATE TABLE room (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('group', 'direct')),
    is_private INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    active_at INTEGER NOT NULL,
    last_seq INTEGER NOT NULL DEFAULT 0,
    participants_count INTEGER NOT NULL DEFAULT 0,
    pair_low INTEGER REFERENCES user (id),
    pair_high INTEGER REFERENCES user (id),
    deleted_at INTEGER,
    UNIQUE (pair_low, pair_high),
    CHECK ((kind = 'direct') = (pair_low IS NOT NULL AND pair_high IS NOT NULL AND pair_low < pair_high))
) STRICT;
CREATE INDEX room_public_activity ON room (active_at, id)
    WHERE kind = 'group' AND is_private = 0 AND deleted_at IS NULL;

CREATE TABLE participant (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    room_id INTEGER NOT NULL REFERENCES room (id),
    user_id INTEGER NOT NULL REFERENCES user (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'moderator', 'member')),
    joined_seq INTEGER NOT NULL,
    seen_seq INTEGER NOT NULL DEFAULT 0,
    UNIQUE (room_id, user_id)
) STRICT;
CREATE INDEX participant_user ON participant (user_id, room_id);
CREATE INDEX participant_joining ON participant (room_id, id);
CREATE INDEX participant_receipt ON participant (room_id, seen_seq);
CREATE INDEX participant_heir ON participant (room_id, role, id);

CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    room_id INTEGER NOT NULL REFERENCES room (id),
    seq INTEGER NOT NULL,
    user_id INTEGER NOT NULL REFERENCES user (id),
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    edited_at INTEGER,
    is_deleted INTEGER NOT NULL DEFAULT 0,
    reply_to INTEGER REFERENCES message (id),
    client_id TEXT,
    UNIQUE (room_id, seq)
) STRICT;
CREATE INDEX message_room ON message (room_id, id);
CREATE UNIQUE INDEX message_client_id ON message (room_id, user_id, client_id) WHERE client_id IS NOT NULL;

CREATE TABLE change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    room_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    user_id INTEGER,
    message_id INTEGER,
    seq INTEGER,
    role TEXT
) STRICT;
"""


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Create the tables."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            db.execute_sql(statement)
