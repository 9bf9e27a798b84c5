"""The benchmarks run, and docs/scaling.md shows the output of the simulation."""

import subprocess
import sys
from pathlib import Path

from benches import ROOT, bench
from commands import run_minichat
from scale import IS_SLOW, scaled
from sqlite import put_empty_database


def tables_of(text: str) -> list[str]:
    """Return the tables of a text: paragraphs that begin with a table row."""
    return [block for block in text.split("\n\n") if block.startswith("|")]


def test_the_simulation_prints_the_tables_of_the_scaling_page(tmp_path: Path) -> None:
    shown = tables_of((ROOT / "docs/scaling.md").read_text())
    printed = tables_of(bench(tmp_path, "capacity.py").strip())
    assert len(printed) == 6
    for table in printed:
        assert table in shown


def test_a_simulation_of_a_small_chat_finds_that_one_host_is_enough(tmp_path: Path) -> None:
    needs = tables_of(bench(tmp_path, "capacity.py", "--users", "500", "--samples", "50").strip())[4]
    assert [line.split(" | ")[-1].strip(" |") for line in needs.splitlines()[2:]] == ["1", "1", "1"]


def test_the_benchmark_measures_the_fan_out(tmp_path: Path) -> None:
    said = bench(tmp_path, "fan_out.py", "--seconds", f"{scaled(0.5, 5)}", "--only", f"{scaled(20, 1_000)}x8")
    rows = [words for words in map(str.split, said.splitlines()[2:]) if ":" not in words]
    missing = {name: count for _, name, *_, count in rows}
    assert {"minichat", "ideal"} <= missing.keys()
    assert set(missing.values()) == {"0"}


def test_the_benchmark_measures_the_hubs_work_for_a_change(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/chat.sqlite3"
    assert run_minichat(tmp_path, "db", "upgrade", database_url=url).returncode == 0
    sizes = ("--users", "2051", "--rooms", "1", "--members", "50", "--messages", "1")
    assert run_minichat(tmp_path, "demo", *sizes, database_url=url).returncode == 0
    said = bench(tmp_path, "hub_costs.py", f"{scaled(20, 500)}", database_url=url).splitlines()
    assert len(said) == 9
    assert all(line.endswith((" µs of the worker", " bytes")) for line in said)


def test_the_measured_rows_fit_the_present_tables(tmp_path: Path) -> None:
    """The whole measurement takes minutes, and its last step failed after a column had gone."""
    path = tmp_path / "chat.sqlite3"
    put_empty_database(path)
    program = (
        "import sqlite3, sys; sys.path.insert(0, 'bench'); from costs import FILL, ROWS; "
        "[sqlite3.connect(sys.argv[1]).execute('EXPLAIN ' + FILL.format(count=9, table=table, rows=rows)).fetchall()"
        " for table, rows in ROWS.items()]"
    )
    subprocess.run([sys.executable, "-c", program, path], cwd=ROOT, check=True)


def test_the_peer_on_postgresql_gives_the_same_answers_as_minichat(tmp_path: Path) -> None:
    assert (
        bench(tmp_path, "on_postgres.py", "--check", "--messages", f"{scaled(100, 5_000)}")
        == "All give the same answers.\n"
    )


def test_the_benchmark_measures_searches_and_sends(tmp_path: Path) -> None:
    databases = "sqlite,postgres" if IS_SLOW else "sqlite"
    sizes = ("--messages", f"{scaled(300, 10_000)}", "--runs", f"{scaled(1, 5)}", "--sends", f"{scaled(10, 1_000)}")
    said = bench(tmp_path, "search.py", "--databases", databases, *sizes, "--only", "rare").splitlines()
    rooms = [line.split()[1] for line in said if line.startswith("rare")]
    assert rooms == ["1", "20", "200"] * len(databases.split(","))
    assert [line for line in said if line.startswith("a send costs")]
