"""One run: a new site, people at work on it, faults that strike one after the other, and the verdict."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from faults.checker import Verdict, verdict_on
from faults.deployment import Site, on_postgres, on_sqlite
from faults.journal import PATIENCE, Journal
from faults.load import Crowd, Recovery, load_on
from faults.nemesis import ON_POSTGRES, ON_SQLITE, Fault


@dataclass(frozen=True)
class Bounds:
    """Time limits in seconds. They depend on the machine."""

    answer: float = PATIENCE
    recovery: float = 10.0
    """The limit for every writer's acknowledgement and every reader's event after a fault."""

    def hold(self, recovery: Recovery) -> bool:
        return max(recovery) <= self.recovery


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run."""

    name: str
    strikes: int
    recovery: Recovery
    """The longest recovery of all strikes."""
    journal: Journal
    verdict: Verdict

    @property
    def is_good(self) -> bool:
        return self.verdict == Verdict() and not self.journal.server_errors


def run(
    name: str,
    deployed: AbstractContextManager[Site],
    faults: Sequence[Fault],
    *,
    sends: int,
    strikes: int,
    bounds: Bounds,
    crowd: Crowd = Crowd(),
) -> Outcome:
    """Run the faults in turn under load until `sends` messages are acknowledged; then check everything."""
    journal = Journal(bounds.answer, tokens_may_expire=any(fault.shifts_clock for fault in faults))
    recoveries: list[Recovery] = []
    with deployed as site:
        with load_on(site, journal, crowd) as load:
            for number, fault in enumerate(islice(cycle(faults), strikes)):
                load.wait_for_sends(max(1, (sends * (number + 1) // (strikes + 1)) - load.acknowledged))
                if journal.problems:
                    break
                recoveries.append(load.recovered_after(fault.strike(site, load)))
                if not bounds.hold(recoveries[-1]):
                    journal.problem(f"{fault.name}: {recoveries[-1]}, in seconds, is too late")
            load.wait_until(lambda: load.acknowledged >= sends, f"{sends} messages")
            load.finish()
            verdict = verdict_on(load)
        verdict.problems += [complaint for host in site.hosts for complaint in host.complaints]
        for host in site.hosts:
            host.terminate()
        try:
            site.check()
        except AssertionError as error:
            verdict.problems.append(f"the database is not right: {error}")
    longest = Recovery(*map(max, zip(*recoveries, strict=True)))
    return Outcome(name, len(recoveries), longest, journal, verdict)


DEPLOY = {"sqlite": on_sqlite, "postgres": on_postgres}
FAULTS = {"sqlite": ON_SQLITE, "postgres": ON_POSTGRES}


def deploy(
    database: str, folder: Path, tell: Callable[[str], object], faults: Sequence[Fault]
) -> AbstractContextManager[Site]:
    """Return a new site for these faults. `tell` gets a sentence for each replacement of a missing permission."""
    return DEPLOY[database](folder, tell, on_small_disk=any(fault.needs_small_disk for fault in faults))
