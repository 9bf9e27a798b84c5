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
CLOSING = """
for number in range(3):
    entrance.wait(lambda number=number: served.append(number))
entrance.open(lambda: served[-1] == 1)
entrance.wait(lambda: served.append(3))
print(*served[-3:], len(entrance))
"""


def test_a_request_overtakes_the_streams_that_arrived_before_it_and_waiting_streams_need_no_greenlet():
    said = subprocess.check_output([sys.executable, "-W", "error", "-c", STORY], text=True, timeout=20)
    overtaken, greenlets, counted, left = map(int, said.split())
    assert overtaken <= 2
    assert greenlets <= 5  # otherwise one for each of the 41 connections
    assert (counted, left) == (41, 0)  # all are counted, so that the workers share them evenly


def test_the_waiting_pass_when_the_server_closes_as_long_as_it_is_not_full():
    said = subprocess.check_output([sys.executable, "-W", "error", "-c", STORY + CLOSING], text=True, timeout=20)
    assert said.endswith("\n0 1 3 0\n")
