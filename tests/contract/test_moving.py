"""Exports and imports: every row arrives in the other database, or the import fails with a reason."""

import atexit
import hashlib
import json
import threading
import tracemalloc
from contextlib import closing, suppress
from functools import cache, cached_property
from io import BytesIO
from typing import Any

import pytest

from builders import ALL, PASSWORD, Chat
from folders import fast_folder
from minichat.adapters.media import FileMedia
from minichat.adapters.memory import (
    MemoryClock,
    MemoryNoticeBoard,
    MemoryTally,
    PlainCharacters,
    PlainCipher,
    PlainCodes,
    PlainPasswords,
    PlainPictures,
    email_address,
    is_common_password,
    mixes_scripts,
    username_key,
)
from minichat.adapters.peewee import open_database
from minichat.adapters.peewee.operations import import_, migrate
from minichat.adapters.peewee.operations.export import export
from minichat.adapters.peewee.operations.import_ import Export, NotImported, load
from minichat.adapters.peewee.operations.incomplete_import import MARK, IncompleteImport, import_progress
from minichat.adapters.peewee.operations.transfer import TABLES
from minichat.adapters.peewee.ports import peewee_ports
from minichat.domain.errors import InvalidCredentials, ResyncRequired
from minichat.domain.model import Device, Figure, MailKind, NewMail, ReportReason, Role
from minichat.domain.second_factor_codes import STEP
from postgres import EmptyDatabase
from sqlite import put_empty_database

DAY = 86_400
PNG = b"\x89PNG\r\n\x1a\n..."
PHONE = Device("Phone/1.0 «ё»", "2001:db8::7")


@cache
def on_postgres(place: str) -> tuple[EmptyDatabase, Any]:
    """A PostgreSQL database for all homes at that place, and its connections: new ones cost more than most tests."""
    kept = EmptyDatabase()
    database = open_database(kept.url)
    atexit.register(kept.close)
    atexit.register(database.close_connections)
    return kept, database


class Home:
    """A database of either kind, with the services on it."""

    def __init__(self, kind, folder):
        self.clock = MemoryClock()
        folder.mkdir()
        if kind == "sqlite":
            put_empty_database(folder / "chat.sqlite3")
            self.database = open_database(f"sqlite:///{folder}/chat.sqlite3")
        else:
            kept, self.database = on_postgres(folder.name)
            kept.empty()
            self.database.execute_sql(f"DROP TABLE IF EXISTS {MARK}")
        self._folder = folder

    def close(self):
        if self.database.dialect.name == "sqlite":
            self.database.close_connections()

    @cached_property
    def chat(self):
        """The services, for the tests that use them: making them takes longer than an import."""
        ports = peewee_ports(
            self.database,
            clock=self.clock,
            password_hasher=PlainPasswords(),
            one_time_codes=PlainCodes(),
            secret_cipher=PlainCipher(),
            characters=PlainCharacters(),
            username_key=username_key,
            mixes_scripts=mixes_scripts,
            is_common_password=is_common_password,
            email_address=email_address,
            picture_processor=PlainPictures(),
            media_store=FileMedia(self._folder / "avatars"),
            notice_board=MemoryNoticeBoard(),
            tally=MemoryTally(),
        )
        return Chat(ports, self.clock)

    def exported(self):
        """The lines of an export."""
        return list(export(self.database, "2026-11-23T09:30:00.000Z"))

    def imports(self, lines, progress=lambda _: None):
        return load(self.database, Export(BytesIO(b"".join(lines))), progress)

    def refuses(self, lines, progress=lambda _: None):
        """Import a file that must be rejected; return the reason."""
        with pytest.raises(NotImported) as refused:
            self.imports(lines, progress)
        return str(refused.value)


def set_up_a_second_factor(chat):
    root = chat.services.registration.create_superuser("root", PASSWORD)
    _, grant = chat.services.administrator_sign_in.enter_password("root", PASSWORD)
    caller = chat.services.sessions.authenticate(grant.session.id, root.id)
    chat.services.second_factors.begin(caller, PASSWORD)
    secret = chat.services.second_factors.set_up_key(caller, "minichat").secret
    chat.services.second_factors.confirm(caller, chat.ports.one_time_codes.code(secret, chat.clock() // STEP))


WAYS = [("sqlite", "sqlite"), ("sqlite", "postgres"), ("postgres", "sqlite"), ("postgres", "postgres")]
"""From one kind of database to another."""


@pytest.fixture
def way():
    """From SQLite to SQLite, unless a test says otherwise."""
    return WAYS[0]


@pytest.fixture
def home(tmp_path, way):
    with closing(Home(way[0], tmp_path / "home")) as home:
        yield home


@pytest.fixture
def new_home(tmp_path, way):
    with closing(Home(way[1], tmp_path / "new")) as new_home:
        yield new_home


def live(home):
    """Make every kind of row in a chat; return two people and their room."""
    chat, clock = home.chat, home.clock
    ann, bob, carl, dora, eve = people = [
        chat.person(name, first_name="Ё", last_name="Li") for name in ("ann", "боб", "c-l", "dora", "eve")
    ]
    old = ann.makes_room("Gone", with_=[bob])
    bob.says("first", in_=old)
    ann.deletes(old)
    clock.advance(200 * DAY)
    dict(chat.services.retention.apply())
    ann, bob, carl, dora, eve = people = [person.logs_in(device=PHONE) for person in people]
    bob.makes_room("Quiet", private=True)
    room = ann.makes_room("Tea \U0001fad6", with_=[bob, carl, dora, eve])
    hello = ann.says("hello\n\t\"'\\\u2028", in_=room, client_id="a1").message
    last = hello
    for number in range(20):
        clock.advance(1)
        last = people[number % 3].says(f"answer {number}", in_=room, reply_to=hello, client_id=f"n{number}").message
    ann.rewrites(hello, "hello again @all", to=[carl])
    chat.services.reactions.add(bob.id, hello.id, "👍")
    bob.takes_back(last)
    ann.makes(bob, Role.MODERATOR, in_=room)
    bob.bans(eve, from_=room)
    bob.bans(dora, from_=room)
    ann.bans(carl, from_=room)
    ann.lifts_ban(carl, in_=room)
    carl.joins(room)
    carl.blocks(eve)
    chat.services.reports.make(bob.id, hello.id, ReportReason.SPAM, "again")
    chat.services.reactions.add(carl.id, hello.id, "❤️")
    chat.services.pins.add(ann.id, hello.id)
    bob.invites(room, uses=9)
    bob.reads(room, up_to=5)
    direct = ann.chats_with(bob)
    bob.says("between us", in_=direct)
    dora.chats_with(ann)
    carl.deletes(carl.makes_room("Removed", with_=[ann]))
    chat.services.avatars.upload(ann.id, PNG)
    bob.refreshes()
    bob.refreshes(bob.grant.jti)
    chat.services.tickets.issue(ann.caller, clock.now + 60_000)
    with suppress(InvalidCredentials):
        bob.logs_in("wrong password", PHONE)
    set_up_a_second_factor(chat)
    hour = clock() - clock() % 3_600_000
    chat.services.figures.record({(hour, Figure.MESSAGES): 3}, {hour: [ann.id, bob.id]})
    warden = chat.superuser("warden")
    chat.services.room_openings.open(warden.id, warden.grant.session.id, room.id, "Report 1")
    chat.services.recovery.make_link("ann", by=warden.id)
    with chat.ports.transaction():
        chat.ports.mail_store.add(NewMail(MailKind.RESET, ann.id, "", "", "ru", "s" * 32, clock.now, clock.now))
    chat.services.administration.disable("c-l")
    chat.services.erasure.erase(dora.caller, PASSWORD)
    return ann, bob, room


@pytest.fixture(scope="module")
def exported_once():
    with fast_folder() as folder, closing(Home("sqlite", folder / "home")) as home:
        live(home)
        return home.exported()


@pytest.fixture
def lines(exported_once):
    """The lines of an export from SQLite, which holds every kind of row."""
    return list(exported_once)


def in_another_thread(home, action):
    """Run the function in a thread, with separate connections."""

    def do():
        action()
        home.close()

    thread = threading.Thread(target=do)
    thread.start()
    thread.join()


def sealed(lines):
    """Return an export of these lines with a matching last line."""
    rows: dict[str, int] = {}
    table = ""
    for value in map(json.loads, lines[1:-2]):
        if isinstance(value, list):
            rows[table] += 1
        else:
            table = value["table"]
            rows[table] = 0
    digest = hashlib.sha256(b"".join(lines[1:-1])).hexdigest()
    return [*lines[:-1], json.dumps({"rows": rows, "sha256": digest}).encode() + b"\n"]


def place_of(lines, table):
    """Return the index of the first row of a table."""
    return next(place for place, line in enumerate(lines) if line.startswith(b'{"table":"%s"' % table.encode())) + 1


class TestWhatIsExported:
    @pytest.mark.parametrize(
        ("way", "tables", "others"),
        [
            (
                ("sqlite", "sqlite"),
                # Without the search index of messages, which an import builds anew.
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'message_word%'",
                {"log_epoch", "message_behind", "message_indexing", "sqlite_sequence", "schema_migration"},
            ),
            (
                ("postgres", "postgres"),
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'message_word%'",
                {"change_horizon", "log_epoch", "message_behind", "message_indexing", "schema_migration"},
            ),
        ],
    )
    def test_every_table_and_column_of_the_database(self, home, tables, others):
        found = {name for (name,) in home.database.execute_sql(tables).fetchall()}
        assert {table.name for table in TABLES} == found - others
        # Of the order in which PostgreSQL's transactions ended, which is that of the rows elsewhere.
        own = {"xid", "settled_by"} if home.database.dialect.name == "postgres" else set()
        for table in TABLES:
            columns = {column.name for column in home.database.get_columns(table.name)} - own
            assert set(table.columns) == columns - ({"is_indexed"} if table.name == "message" else set())

    def test_a_row_follows_the_rows_that_it_refers_to(self, home):
        ahead = set()
        for table in TABLES:
            ahead.add(table.name)
            refers = home.database.execute_sql(f'PRAGMA foreign_key_list("{table.name}")').fetchall()
            assert {reference[2] for reference in refers} <= ahead, table.name

    def test_everything_that_the_services_leave_behind(self, home):
        live(home)
        *_, last = home.exported()
        rows = json.loads(last)["rows"]
        assert list(rows) == [table.name for table in TABLES]
        assert min(rows.values()) > 0, rows

    @pytest.mark.parametrize("way", [WAYS[0], WAYS[-1]])
    def test_an_export_shows_one_moment_even_if_it_is_read_slowly(self, home):
        ann, _, room = live(home)
        before = home.exported()
        lines = iter(export(home.database, "2026-11-23T09:30:00.000Z"))
        begun = [next(lines), next(lines)]
        in_another_thread(home, lambda: ann.says("meanwhile", in_=room))
        assert begun + list(lines) == before

    @pytest.mark.parametrize("way", [WAYS[0], WAYS[-1]])
    def test_an_export_needs_little_memory(self, home):
        ann, _, room = live(home)
        with home.database.writing():
            home.database.execute_sql(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
                "INSERT INTO message (room_id, seq, user_id, content, created_at) "
                f"SELECT {room.id}, 1000 + i, {ann.id}, '{'word ' * 20}', i FROM n"
            )
        tracemalloc.start()
        size = sum(map(len, export(home.database, "")))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert size > 2_000_000
        assert most < 1_000_000


@pytest.mark.parametrize("way", WAYS)
class TestMoving:
    def test_the_new_database_equals_the_old_one_row_by_row(self, home, new_home):
        live(home)
        lines = home.exported()
        assert new_home.imports(lines) == sum(json.loads(lines[-1])["rows"].values())
        assert new_home.exported() == lines
        assert home.exported() == lines

    def test_an_empty_database_is_moved_as_well(self, home, new_home):
        assert new_home.imports(home.exported()) == 0
        assert new_home.exported() == home.exported()
        assert new_home.chat.person("ann").id == 1

    def test_the_chat_continues_in_the_new_database(self, home, new_home):
        ann, bob, room = live(home)
        unread = {person.username: person.unread(room) for person in (ann, bob)}
        histories = ann.history(room, 200)
        listed = bob.rooms(ALL)
        new_home.clock.now = home.clock.now
        new_home.imports(home.exported())
        new_home.clock.now = home.clock.now
        for person in (ann, bob):
            person.chat = new_home.chat
        assert {person.username: person.unread(room) for person in (ann, bob)} == unread
        assert ann.history(room, 200) == histories
        assert bob.rooms(ALL) == listed
        assert bob.logs_in().caller.user == bob.user
        assert bob.refreshes().session == bob.caller.session
        assert ann.finds("ОБ") == ["боб"]
        repeated = ann.says("hello\n\t\"'\\\u2028", in_=room, client_id="a1")
        assert repeated.is_replay
        assert repeated.message.content == "hello again @all"

    def test_ids_of_rows_deleted_before_the_move_are_not_assigned_again(self, home, new_home):
        ann, bob, room = live(home)
        new_home.imports(home.exported())
        given = []
        for place in (home, new_home):
            for person in (ann, bob):
                person.chat = place.chat
            place.clock.now = new_home.clock.now
            joined = place.chat.person("fred")
            joined.joins(room)
            said = joined.says("hello", in_=room).message
            last = [
                place.database.execute_sql(f"SELECT max(id) FROM {name}").fetchone()[0] for name in ("change", "audit")
            ]
            given.append((joined.id, joined.grant.session.id, said.id, joined.makes_room().id, last))
        assert given[0] == given[1]
        assert given[0][3] > 6

    def test_clients_must_resync_after_the_move(self, home, new_home):
        ann, bob, room = live(home)
        end = home.chat.services.change_log.end()
        places = [end, *(place for place, _ in home.chat.ports.change_store.after(first_of(home), 1_000))]
        new_home.imports(home.exported())
        ann.chat = bob.chat = new_home.chat
        for _ in range(5):
            ann.says("here", in_=room)
        for place in places:
            with pytest.raises(ResyncRequired):
                bob.subscribe(place)
        assert [change[0] for change in bob.hears(bob.subscribe(first_of(new_home)))][-5:] == ["message.created"] * 5


def first_of(home):
    """The beginning of the change log."""
    return home.chat.ports.change_store.ends().first


@pytest.mark.parametrize("way", WAYS[:2])
class TestBrokenOff:
    @pytest.fixture(autouse=True)
    def _small_batches(self, monkeypatch):
        monkeypatch.setattr(import_, "BATCH", 7)

    def test_an_import_continues_after_an_interruption(self, lines, new_home):
        for _ in range(5):
            with pytest.raises(BrokenOffError):
                new_home.imports(lines, broken_off_after(3))
        progress = import_progress(new_home.database)
        assert progress is not None
        assert progress.rows == 5 * 3 * 7
        new_home.imports(lines)
        assert new_home.exported() == lines

    def test_an_incomplete_import_blocks_every_other_use_of_the_database(self, lines, new_home):
        with pytest.raises(BrokenOffError):
            new_home.imports(lines, broken_off_after(1))
        for use in (lambda: migrate.upgrade(new_home.database), new_home.exported):
            with pytest.raises(IncompleteImport):
                use()
        new_home.imports(lines)
        assert migrate.upgrade(new_home.database) == []

    def test_another_export_cannot_continue_an_import(self, home, new_home):
        ann, _, room = live(home)
        lines = home.exported()
        with pytest.raises(BrokenOffError):
            new_home.imports(lines, broken_off_after(1))
        ann.says("one more", in_=room)
        assert new_home.refuses(home.exported()) == (
            "the database holds an unfinished import of another export: continue with that file or use a new database"
        )
        new_home.imports(lines)
        assert new_home.exported() == lines

    def test_a_concurrent_write_is_noticed(self, lines, new_home):
        add = "INSERT INTO freed_name VALUES ('nobody', 1)"
        reason = new_home.refuses(lines, lambda _: new_home.database.execute_sql(f"{add} ON CONFLICT DO NOTHING"))
        assert reason == "the database differs from the export, as if another program wrote to it"
        with pytest.raises(IncompleteImport):
            migrate.upgrade(new_home.database)

    def test_one_of_two_concurrent_imports_fails_and_no_row_is_doubled(self, lines, new_home):
        def other(_):
            with suppress(BrokenOffError):
                new_home.imports(lines, broken_off_after(1))

        assert new_home.refuses(lines, other) == "another process is importing too"
        new_home.imports(lines)
        assert new_home.exported() == lines


class BrokenOffError(Exception):
    pass


def broken_off_after(batches):
    """Return a progress callback that interrupts the import after the given number of batches."""
    left = [batches]

    def progress(_rows):
        left[0] -= 1
        if not left[0]:
            raise BrokenOffError

    return progress


def replaced(old, new):
    return lambda lines: [line.replace(old, new) for line in lines]


HARM = {
    "nothing at all": (lambda _: [], "it is not an export of minichat"),
    "something else": (lambda _: [b"\x1f\x8b\x08\x00\n"], "it is not an export of minichat"),
    "other JSON": (lambda lines: [b"[1]\n", *lines[1:]], "it is not an export of minichat"),
    "a later format": (
        replaced(b'"format":1', b'"format":2'),
        "its format is 2, and this minichat reads 1",
    ),
    "another schema": (
        replaced(b'"sqlite":"0', b'"sqlite":"1'),
        "it was exported by another version of minichat, which has other tables",
    ),
    "an end that is missing": (lambda lines: lines[:-1], "it is incomplete: the end is missing"),
    "a second half that is missing": (lambda lines: lines[: len(lines) // 2], "it is incomplete: the end is missing"),
    "half a line": (lambda lines: [*lines[:9], lines[9][:-5]], "it is incomplete: the end is missing"),
    "a line without its break": (lambda lines: [*lines[:-1], lines[-1][:-1]], "it is incomplete: the end is missing"),
    "no JSON": (lambda lines: [*lines[:3], b"{]\n", *lines[3:]], "its line 4 is not JSON"),
    "a line without end": (lambda lines: [*lines[:3], b"[" + b"1," * 2**20 + b"1]\n"], "its line 4 is too long"),
    "a column that nothing knows": (
        replaced(b'"hash","session_id"', b'"hash","colour"'),
        "its line {ticket} does not name the columns of ticket: hash, session_id, access_expires_at, expires_at",
    ),
    "a table that nothing knows": (
        replaced(b'"table":"ticket"', b'"table":"reaction"'),
        "its line {ticket} should begin the table ticket",
    ),
    "a row that is too short": (
        lambda lines: [*lines[:2], b"[1]\n", *lines[3:]],
        "its line 3 has 1 values where a row of user has 17",
    ),
    "a row that is missing": (
        lambda lines: lines[:2] + lines[3:],
        "it was changed after the export: the count or the checksum differs",
    ),
    "another text": (
        replaced(b"answer 3", b"answer 4"),
        "it was changed after the export: the count or the checksum differs",
    ),
    "no last ids": (replaced(b'{"last_ids"', b'{"lost_ids"'), "its line {last} should hold the last ids"),
    "something behind the end": (lambda lines: [*lines, b"\n"], "its line {end} should be the last one"),
}


@pytest.mark.parametrize(("harm", "reason"), HARM.values(), ids=HARM)
def test_an_incomplete_export_is_rejected_before_anything_is_written(lines, new_home, harm, reason):
    numbers = {"ticket": place_of(lines, "ticket"), "last": len(lines) - 1, "end": len(lines)}
    assert new_home.refuses(harm(lines)) == reason.format(**numbers)
    assert import_progress(new_home.database) is None
    new_home.imports(lines)
    assert new_home.exported() == lines


def doubled(lines, table):
    place = place_of(lines, table)
    return [*lines[:place], lines[place], *lines[place:]]


@pytest.mark.parametrize("way", WAYS[:2])
@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_a_duplicate_row_is_rejected_and_the_database_stays_marked(lines, new_home, table):
    reason = new_home.refuses(sealed(doubled(lines, table)))
    assert reason.startswith("the database refuses one of the rows ")
    with pytest.raises(IncompleteImport):
        migrate.upgrade(new_home.database)


def with_value(lines, table, column, value):
    """The export with another value in the first row of a table."""
    place = place_of(lines, table)
    row = json.loads(lines[place])
    row[TABLES[[known.name for known in TABLES].index(table)].columns.index(column)] = value
    return sealed([*lines[:place], json.dumps(row).encode() + b"\n", *lines[place + 1 :]])


@pytest.mark.parametrize("way", WAYS[:2])
@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("message", "room_id", 999), ("room", "kind", "square"), ("audit", "detail", "no JSON")],
)
def test_a_row_that_can_not_be_is_refused(lines, new_home, table, column, value):
    reason = new_home.refuses(with_value(lines, table, column, value))
    assert reason.startswith("the database refuses one of the rows ")
    assert len(reason.splitlines()) == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("seq", "text"),
        ("seq", None),
        ("seq", True),
        ("seq", 1.5),
        ("seq", 2**63),
        ("seq", 2**64),
        ("content", 17),
        ("content", [1]),
        ("content", {"a": 1}),
        ("client_id", False),
        ("is_deleted", 1),
    ],
)
def test_a_value_of_another_type_is_reported_before_anything_is_written(lines, new_home, column, value):
    reason = new_home.refuses(with_value(lines, "message", column, value))
    assert reason == f"its line {place_of(lines, 'message') + 1} has a value that no row of message can have"
    assert import_progress(new_home.database) is None


@pytest.mark.parametrize("way", WAYS[:2])
def test_a_database_that_is_in_use_is_left_alone(home, new_home):
    live(home)
    new_home.chat.person("somebody")
    before = new_home.exported()
    assert new_home.refuses(home.exported()) == "the database is not empty (the table user has rows)"
    assert new_home.exported() == before
