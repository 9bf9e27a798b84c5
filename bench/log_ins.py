"""Compare log-ins with bare Argon2, and measure other requests during a storm of log-ins.

    python bench/log_ins.py [--seconds 10] [--clients 16]

It starts `minichat serve` with two workers on a new SQLite file, on loopback only, and prints:

* bare Argon2 calls per second on this machine, in one process per core;
* log-ins per second of the server, and their share of that;
* the time of `GET me/` during the log-ins (p50, p99, maximum), and without them.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from argon2 import PasswordHasher

from minichat.adapters.passwords import MEMORY_KIB, PARALLELISM, TIME_COST

PASSWORD = "correct horse battery"
HERE = "127.0.0.1"


def verify_for(seconds: float) -> float:
    """Verify a hash repeatedly; return the rate per second."""
    hasher = PasswordHasher(TIME_COST, MEMORY_KIB, PARALLELISM)
    password_hash = hasher.hash(PASSWORD)
    began, times = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        hasher.verify(password_hash, PASSWORD)
        times += 1
    return times / (time.perf_counter() - began)


def bare_rate(seconds: float) -> float:
    cores = os.cpu_count() or 1
    with multiprocessing.Pool(cores) as pool:
        return sum(pool.map(verify_for, [seconds] * cores))


class Client:
    """One persistent connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HERE, port, timeout=30)

    def call(self, method: str, path: str, body: object = None, token: str = "") -> tuple[int, dict]:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")


def look(port: int, token: str, over: threading.Event, times: list[float]) -> None:
    """Request `me/` at most a hundred times a second; record the time of each."""
    client = Client(port)
    while not over.wait(0.01):
        began = time.perf_counter()
        status, _ = client.call("GET", "/api/auth/me/", token=token)
        assert status == 200, status
        times.append(time.perf_counter() - began)


def looking(port: int, token: str, seconds: float, storm: int = 0) -> tuple[list[float], dict[int, int]]:
    """Request from four connections while `storm` clients log in; return the times, and log-ins by status."""
    over, times, statuses = threading.Event(), [], {}

    def log_in() -> None:
        client = Client(port)
        while not over.is_set():
            status, _ = client.call("POST", "/api/auth/login/", {"username": "storm", "password": PASSWORD})
            statuses[status] = statuses.get(status, 0) + 1

    threads = [threading.Thread(target=look, args=(port, token, over, times)) for _ in range(4)]
    threads += [threading.Thread(target=log_in) for _ in range(storm)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    over.set()
    for thread in threads:
        thread.join()
    return sorted(times), statuses


def percentiles(times: list[float]) -> str:
    p50, p99 = (1000 * times[int(len(times) * part)] for part in (0.5, 0.99))
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {1000 * times[-1]:.1f} ms ({len(times)} requests)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--clients", type=int, default=16)
    given = parser.parse_args()
    bare = bare_rate(given.seconds / 2)
    print(f"bare Argon2: {bare:.1f} a second")
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [Path(sys.executable).with_name("minichat"), "serve", "--bind", f"{HERE}:{port}", "--workers", "2"]
        environment = {**os.environ, "MINICHAT_RATE_LIMITS": "off", "MINICHAT_LOG_LEVEL": "warning"}
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            while True:
                try:
                    _, made = Client(port).call(
                        "POST", "/api/auth/register/", {"username": "storm", "password": PASSWORD}
                    )
                    break
                except OSError:
                    time.sleep(0.05)
            token = made["tokens"]["access"]
            calm, _ = looking(port, token, given.seconds / 2)
            stormy, statuses = looking(port, token, given.seconds, storm=given.clients)
        finally:
            server.terminate()
            server.wait()
    rate = statuses.get(200, 0) / given.seconds
    print(f"log-ins: {rate:.1f} a second from {given.clients} clients, {rate / bare:.2f} of that; by status {statuses}")
    print(f"me alone:       {percentiles(calm)}")
    print(f"me in the storm: {percentiles(stormy)}")


if __name__ == "__main__":
    main()
