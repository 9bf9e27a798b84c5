"""The faults: each strikes a site under load, lasts, ends, and returns the time of its end.

A fault that must affect clients lasts until it does: a locked database that no client noticed would prove nothing.
"""

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import psycopg

from e2e.crowd import at_once, wait_until
from e2e.locks import holder_of_the_write_lock, state_of
from faults.deployment import Host, PostgresSite, Site, SqliteSite
from faults.load import Load
from faults.proxy import CuttingProxy
from postgres import RunningPostgres
from scale import scaled
from servers import RunningRedis

HOUR = 3_600
AWAY_SECONDS = 0.5
"""The time between a server's end and its restart."""
STOPPED_SECONDS = scaled(1.0, 3.0)
CUTS = scaled(6, 30)
"""Number of answers that a proxy withholds."""
CUT_SHARE = 0.2
REFUSALS = 5
SENDS_BEFORE_FAILOVER = scaled(20, 50)
TERMINATIONS = scaled(2, 10)
SENDS_WITHOUT_REDIS = scaled(25, 200)
SENDS_AT_ANOTHER_TIME = scaled(15, 100)

Strike = Callable[[Any, Load], float]
"""Strikes the site, repairs it, and returns the end by the monotonic clock, in seconds."""


@dataclass(frozen=True)
class Fault:
    name: str
    strike: Strike
    times: int = 5
    """The number of strikes in a long run."""
    needs_small_disk: bool = False
    shifts_clock: bool = False


# A host's processes


def kill_a_worker(site: Site, load: Load) -> float:
    host = site.some_host()
    victim = random.choice(host.server.workers)
    host.kill_worker(victim)
    over = time.monotonic()
    host.wait_for_workers(but=[victim])
    return over


def kill_all(site: Site, load: Load) -> float:
    for host in site.hosts:
        host.kill()
    return _started(site)


def terminate(site: Site, load: Load) -> float:
    host = site.some_host()
    host.terminate()
    return _started(site)


def _started(site: Site) -> float:
    """Start the hosts that do not run, as a supervisor does."""
    time.sleep(AWAY_SECONDS)
    over = time.monotonic()
    at_once(host.start for host in site.hosts if host.server.process.poll() is not None)
    return over


def reload(site: Site, load: Load) -> float:
    host = site.some_host()
    before = host.server.workers
    host.server.process.send_signal(signal.SIGHUP)
    over = time.monotonic()
    host.wait_for_workers(but=before)
    return over


def stop_a_worker(site: Site, load: Load) -> float:
    with _stopped(random.choice(site.some_host().server.workers)):
        time.sleep(STOPPED_SECONDS)
        return time.monotonic()


def stop_a_worker_that_writes(site: SqliteSite, load: Load) -> float:
    """Stop it during a transaction, which blocks all writers, until the other worker refuses one."""
    with _stopped_while_writing(site):
        load.wait_for_refusals(1)  # few clients may be at the other one, and those at this one wait all the time
        return time.monotonic()


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@contextmanager
def _stopped_while_writing(site: SqliteSite) -> Iterator[None]:
    [host] = site.hosts
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        candidate = holder_of_the_write_lock(site.database)
        if candidate in host.server.workers:
            with _stopped(candidate):
                wait_until(lambda pid=candidate: state_of(pid) == "T", "the worker's stop")
                if holder_of_the_write_lock(site.database) == candidate:
                    yield
                    return
    raise AssertionError("no worker was met while it wrote")


# The network


def cut_connections(site: Site, load: Load) -> float:
    """Route clients through proxies that withhold answers and hang up."""
    proxies = [CuttingProxy(host.port, CUT_SHARE) for host in site.hosts]
    site.doors = [proxy.port for proxy in proxies]
    try:
        load.wait_until(lambda: sum(proxy.cut for proxy in proxies) >= CUTS, "that answers are withheld")
    finally:
        site.doors = site.own_doors
        over = time.monotonic()
        for proxy in proxies:
            proxy.close()
    return over


# The clock


def shift_the_clock(site: Site, load: Load) -> float:
    """Put a host's clock an hour forward, then back, then an hour back, then forward, while it runs."""
    host = site.some_host()
    for seconds in (HOUR, 0, -HOUR):
        host.clock.shift(seconds)
        assert abs(_clock_of(host) - time.time() - seconds) < 60, "the host does not live by its clock"
        load.wait_for_sends(SENDS_AT_ANOTHER_TIME)
    host.clock.shift(0)
    return time.monotonic()


def _clock_of(host: Host) -> float:
    """Return the host's time, in seconds since the epoch."""
    return parsedate_to_datetime(host.server.call("GET", "/healthz").headers["Date"]).timestamp()


# The disk


def fill_the_disk(site: Site, load: Load) -> float:
    site.disk.fill(site.pids)
    try:
        load.wait_for_refusals(REFUSALS)
        time.sleep(1)
    finally:
        over = time.monotonic()
        site.disk.make_room(site.pids)
        if isinstance(site, PostgresSite):
            site.postgres.go_on()  # without room for its journal it does not run
    return over


# The database


def lock_sqlite(site: SqliteSite, load: Load) -> float:
    """Hold the database's lock from another program, for longer than the server waits for it."""
    with closing(sqlite3.connect(site.database, isolation_level=None, timeout=20)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        load.wait_for_refusals(REFUSALS)
        connection.execute("ROLLBACK")
        return time.monotonic()


def terminate_connections(site: PostgresSite, load: Load) -> float:
    for _ in range(TERMINATIONS):
        load.wait_for_sends(20)
        site.postgres.terminate_connections()
    return time.monotonic()


def restart_postgres(site: PostgresSite, load: Load) -> float:
    site.postgres.stop()
    return _postgres_started(site, load)


def kill_postgres(site: PostgresSite, load: Load) -> float:
    site.postgres.kill()
    return _postgres_started(site, load)


def _postgres_started(site: PostgresSite, load: Load) -> float:
    load.wait_for_refusals(REFUSALS)
    over = time.monotonic()
    site.postgres.start()
    return over


def fail_over(site: PostgresSite, load: Load) -> float:
    """Kill the primary while a synchronous standby follows it, and promote the standby.

    The killed server becomes the standby of the next strike, as a fresh copy.
    """
    site.standby.follow(site.postgres)
    site.postgres.wait_for_a_synchronous_replica()
    load.wait_for_sends(SENDS_BEFORE_FAILOVER)
    site.postgres.kill()
    load.wait_for_refusals(REFUSALS)
    site.fail_over()
    return time.monotonic()


def hang_postgres(site: PostgresSite, load: Load) -> float:
    with _hung(site.postgres):
        load.wait_for_refusals(REFUSALS)
        return time.monotonic()


def lock_postgres(site: PostgresSite, load: Load) -> float:
    """Hold a lock that every send needs, as a careless administrator might."""
    with psycopg.connect(site.database) as connection:
        connection.execute("LOCK TABLE message IN EXCLUSIVE MODE")
        load.wait_for_refusals(REFUSALS)
        connection.rollback()
        return time.monotonic()


# Redis


def kill_redis(site: PostgresSite, load: Load) -> float:
    site.redis.kill()
    load.wait_for_sends(SENDS_WITHOUT_REDIS)
    over = time.monotonic()
    site.redis.go_on()
    return over


def hang_redis(site: PostgresSite, load: Load) -> float:
    with _hung(site.redis):
        load.wait_for_sends(SENDS_WITHOUT_REDIS)
        return time.monotonic()


@contextmanager
def _hung(server: RunningPostgres | RunningRedis) -> Iterator[None]:
    server.hang()
    try:
        yield
    finally:
        server.go_on()


EVERYWHERE = (
    Fault("kill -9 of a worker", kill_a_worker, times=20),
    Fault("kill -9 of everything, started again", kill_all, times=10),
    Fault("SIGTERM, started again", terminate, times=10),
    Fault("SIGHUP", reload, times=10),
    Fault("SIGSTOP of a worker", stop_a_worker),
    Fault("connections cut before the answer", cut_connections, times=10),
    Fault("the clock an hour off", shift_the_clock, shifts_clock=True),
    Fault("the disk full", fill_the_disk, needs_small_disk=True),
)
ON_SQLITE = (
    *EVERYWHERE,
    Fault("SIGSTOP of a worker that writes", stop_a_worker_that_writes, times=4),
    Fault("the database locked", lock_sqlite, times=4),
)
ON_POSTGRES = (
    *EVERYWHERE,
    Fault("pg_terminate_backend of all connections", terminate_connections),
    Fault("PostgreSQL stopped and started", restart_postgres),
    Fault("PostgreSQL killed (-9) and started", kill_postgres),
    Fault("PostgreSQL stalled (SIGSTOP)", hang_postgres, times=4),
    Fault("a table locked", lock_postgres, times=4),
    Fault("the primary killed (-9), its standby promoted", fail_over, times=8),
    Fault("Redis killed and started", kill_redis),
    Fault("Redis stalled (SIGSTOP)", hang_redis),
)
