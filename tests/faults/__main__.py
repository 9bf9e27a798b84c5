"""`make faults`: inject faults into a real deployment under load, and check its guarantees.

Prints a line of a table for each fault as it comes. Exits with 1 if anything was lost, came twice or out of order, if
an answer was 500 or none, or if recovery took too long.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from faults.nemesis import Fault
from faults.report import HEADINGS, Row, line, row_of, total, write
from faults.run import FAULTS, Bounds, Outcome, deploy, run

PROBLEMS_SHOWN = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--database", choices=FAULTS, action="append", help="both unless given")
    parser.add_argument(
        "--sends", type=int, default=100_000, help="acknowledged ones, on each database, over all faults"
    )
    parser.add_argument("--only", metavar="TEXT", default="", help="only faults whose name holds it")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/reliability.md")
    given = parser.parse_args()
    is_good = True
    for database in given.database or FAULTS:
        names = [fault.name for fault in FAULTS[database]]
        faults = [fault for fault in FAULTS[database] if given.only in fault.name]
        if not faults:
            continue
        rows: list[Row] = []
        print(HEADINGS, flush=True)
        for fault in faults:
            outcome = _strike(database, fault, -(-given.sends // len(names)))
            is_good = is_good and outcome.is_good
            rows.append(row_of(outcome))
            print(line(rows[-1]), flush=True)
            if given.write:
                write(database, names, rows)
        print(line(total(rows)), flush=True)
    return 0 if is_good else 1


def _strike(database: str, fault: Fault, sends: int) -> Outcome:
    """Run the fault against a new site; print the problems found."""
    with TemporaryDirectory(prefix="minichat-faults-") as folder:
        deployed = deploy(database, Path(folder), print, [fault])
        outcome = run(fault.name, deployed, [fault], sends=sends, strikes=fault.times, bounds=Bounds())
    for problem in outcome.verdict.problems[:PROBLEMS_SHOWN]:
        print(f"    {problem}", file=sys.stderr)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
