"""The benchmark of two hosts. It starts PostgreSQL, Redis and both hosts for itself, too long for `make test`."""

from pathlib import Path

from benches import bench


def test_the_benchmark_measures_the_delay_between_two_hosts(tmp_path: Path) -> None:
    said = bench(tmp_path, "two_hosts.py", "--readers", "20", "--seconds", "2").splitlines()
    assert [line.endswith(" 0 missing") for line in said] == [True, True, False]
