"""The figures of a served chat: all workers count, and a restart keeps the counts."""

from e2e.crowd import register
from minichat.adapters.peewee import open_database
from minichat.adapters.peewee.stores.figures import PeeweeFigureStore
from minichat.domain.model import Figure
from servers import serving, sqlite_file_of


def stored(folder) -> dict[Figure, int]:
    """Read the sums of all hours from the database."""
    database = open_database(f"sqlite:///{sqlite_file_of(folder)}", read_only=True)
    try:
        sums: dict[Figure, int] = {}
        for _, figure, number in PeeweeFigureStore(database).between(0, 1 << 52):
            sums[figure] = sums.get(figure, 0) + number
        return sums
    finally:
        database.close_connections()


def test_all_workers_count_and_a_stop_stores_the_rest(tmp_path):
    with serving(tmp_path, "--workers", "2", rate_limits="off") as server:
        ann, bob = register(server, "ann", "bob")
        room = ann.makes_room(bob)
        for number in range(30):
            (ann if number % 2 else bob).says(room, f"message {number}")
        for _ in range(3):
            assert server.call("GET", "/api/auth/me/").status == 401
        server.stop()
    sums = stored(tmp_path)
    assert sums.pop(Figure.ACTIVE) >= 2  # once more if an hour ends meanwhile
    assert sums.pop(Figure.ACTIVE_IN_DAY) >= 2
    assert sums == {Figure.REGISTRATIONS: 2, Figure.MESSAGES: 30, Figure.REFUSALS: 3}
