"""The entrance of a worker under gevent, in a process of its own: the tests themselves run without it."""

import subprocess
import sys

STORY = """
from gevent import monkey
monkey.patch_all()
import socket
import gevent
from gevent.pool import Pool
from minichat.serving.accepting import DrainingServer
from minichat.serving.entrance import Entrance
from minichat.serving.shares import Shares

served, together, clients = [], [], []
pool, entrance = Pool(), Entrance()

def handle(client, address):
    together.append(len(pool))
    served.append(client.recv(100).split()[1].decode())
    client.recv(1)

listener = socket.create_server(("127.0.0.1", 0), backlog=100)
for path in ["/api/chat/events/"] * 40 + ["/api/auth/me/"]:
    clients.append(socket.create_connection(listener.getsockname()))
    clients[-1].sendall(f"GET {path} HTTP/1.1".encode())
counts = []
count = lambda: counts.append(len(pool) + len(entrance)) or counts[-1]
server = DrainingServer(listener, Shares().add(1), pool, count, entrance, handle=handle)
server.start()
while len(served) < len(clients):
    gevent.sleep(0.001)
clients[0].sendall(b"x")
late = socket.create_connection(listener.getsockname())
late.sendall(b"GET /ws/chat/ HTTP/1.1")
while len(served) < len(clients) + 1:
    gevent.sleep(0.001)
print(served.index("/api/auth/me/"), max(together[:5]), max(counts), len(entrance))
"""
LATE = """
served.clear()
counts.clear()
present, others = clients, len(pool)
clients = [socket.create_connection(listener.getsockname()) for _ in range(42)]
while len(pool) < others + len(clients):
    gevent.sleep(0.001)
for client, path in zip(clients, ["/api/auth/me/"] + ["/api/chat/events/"] * 39 + ["/api/auth/me/"]):
    client.sendall(f"GET {path} HTTP/1.1".encode())
while len(served) < 41:
    count()
    gevent.sleep(0.001)
first, last = (place for place, path in enumerate(served) if path == "/api/auth/me/")
print(last, len(served), len(entrance), max(counts) - others)
"""
CLOSING = """
for number in range(3):
    entrance.wait(lambda number=number: served.append(number))
entrance.open(lambda: served[-1] == 1)
entrance.wait(lambda: served.append(3))
print(*served[-3:], len(entrance))
"""
FULL = """
served.clear()
pool, entrance = Pool(4), Entrance()
listener = socket.create_server(("127.0.0.1", 0), backlog=100)
clients = [socket.create_connection(listener.getsockname()) for _ in range(13)]
early, late = clients[3:8], clients[:3] + clients[8:]
for client in early:
    client.sendall(b"GET /api/chat/events/ HTTP/1.1")
handle = lambda client, _: served.append(client)
server = DrainingServer(listener, Shares().add(1), pool, count, entrance, handle=handle)
server.start()
while not (pool.full() and len(entrance) == len(early)):
    gevent.sleep(0)
for client in late:
    client.sendall(b"GET /ws/chat/ HTTP/1.1")
while len(served) < len(clients):
    gevent.sleep(0.001)
print(len(entrance))
"""
HANDSHAKE = """
import ssl
import sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0))
pool = Pool()
count = lambda: len(pool)
server = DrainingServer(listener, Shares().add(2), pool, count, entrance, handle=handle, ssl_context=context)
server.start()
client = socket.create_connection(listener.getsockname())
while len(pool) == 0:
    gevent.sleep(0.001)
server.close()
ours = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ours.check_hostname, ours.verify_mode = False, ssl.CERT_NONE
with ours.wrap_socket(client) as client:
    client.sendall(b"GET /late/ HTTP/1.1")
pool.join()
print(served[-1])
"""
SILENT = """
entrance._turn.acquire()  # so whoever waits for late streams waits for ever
for end in (socket.SHUT_WR, socket.SHUT_RD):
    here, there = socket.socketpair()
    there.shutdown(end)
    entrance.wait_if_late(here)
here, there = socket.socketpair()
there.sendall(b"G")
entrance.wait_if_late(here)
assert here.recv(9) == b"G"
print("passed")
"""


def test_a_request_overtakes_the_streams_that_arrived_before_it_and_waiting_streams_need_no_greenlet():
    said = subprocess.check_output([sys.executable, "-W", "error", "-c", STORY], text=True, timeout=20)
    overtaken, greenlets, counted, left = map(int, said.split())
    assert overtaken <= 2
    assert greenlets <= 5  # otherwise one for each of the 41 connections
    assert (counted, left) == (41, 0)  # all are counted, so that the workers share them evenly


def test_a_request_overtakes_streams_whose_first_bytes_arrive_after_their_connection():
    said = subprocess.check_output([sys.executable, "-W", "error", "-c", STORY + LATE], text=True, timeout=20)
    overtaken, served, left, counted = map(int, said.splitlines()[1].split())
    assert overtaken <= 2
    assert (served, left) == (41, 0)  # all but the silent client
    assert counted == 42  # each once, although it waits in a greenlet


def test_the_waiting_pass_when_the_server_closes_as_long_as_it_is_not_full():
    said = subprocess.check_output([sys.executable, "-W", "error", "-c", STORY + CLOSING], text=True, timeout=20)
    assert said.endswith("\n0 1 3 0\n")


def test_late_streams_that_fill_the_pool_pass_before_streams_that_need_a_place_in_it():
    said = subprocess.check_output([sys.executable, "-W", "error", "-c", STORY + FULL], text=True, timeout=20)
    assert said.endswith("\n0\n")


def test_a_connection_that_ends_or_sends_nothing_waits_for_nobody():
    said = subprocess.check_output([sys.executable, "-W", "error", "-c", STORY + SILENT], text=True, timeout=20)
    assert said.endswith("\npassed\n")


def test_a_handshake_that_ends_after_its_server_has_closed_is_served(tmp_path):
    certificate, public = tmp_path / "certificate", tmp_path / "public"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run(["openssl", "req", *kind, "-keyout", certificate, "-out", public], check=True, capture_output=True)
    certificate.write_text(certificate.read_text() + public.read_text())
    said = subprocess.check_output([sys.executable, "-c", STORY + HANDSHAKE, certificate], text=True, timeout=20)
    assert said.endswith("\n/late/\n")
