"""Yielding under gevent, in a process of its own: the tests themselves run without it."""

import os
import subprocess
import sys
from pathlib import Path

from minichat.live.catching_up import SENT_AT_ONCE

TESTS = Path(__file__).parents[1]

CATCHING_UP = """
from gevent import monkey
monkey.patch_all()
import socket
import time
import gevent
from minichat.serving.yielding import sleep
time.sleep = sleep
from builders import MemoryChat
from minichat.api.events import JsonEventWriter
from minichat.live.catching_up import CatchingUp
from minichat.live.cursors import Cursors
from minichat.live.listeners import Listener

chat = MemoryChat()
[ann] = chat.people("ann")
room = ann.makes_room()
position = ann.subscribe().position
ann.says("hello", in_=room)
log = chat.services.change_log
catching_up = CatchingUp(log, JsonEventWriter(log, Cursors([b"k"]), chat.clock), lambda _: True)
reader, writer = socket.socketpair()
order = []

def catch_up():
    missed = catching_up.next_of(Listener(ann.subscribe(position), 1, 2**50, "http://chat.example"))
    assert len(missed.events) == 1
    if not order:
        writer.send(b"x")
    order.append("stream")

def request():
    reader.recv(1)
    order.append("request")

gevent.joinall([gevent.spawn(request), *(gevent.spawn(catch_up) for _ in range(24))], raise_error=True)
print(order.index("request"), len(order))
reader.close()
writer.close()
"""

STORY = """
from gevent import monkey
monkey.patch_all()
import socket
import gevent
from minichat.serving.yielding import sleep

reader, writer = socket.socketpair()
reading = gevent.spawn(reader.recv, 1)
gevent.sleep(0)
writer.send(b"x")
yields = 0
while not reading.ready():
    sleep(0)
    yields += 1
print(yields)
reader.close()
writer.close()
"""


def test_a_greenlet_that_yields_waits_for_the_data_that_has_arrived():
    said = subprocess.check_output([sys.executable, "-W", "error", "-c", STORY], text=True, timeout=20)
    assert int(said) <= 2  # with gevent's own `sleep`, about 50


def test_a_request_overtakes_streams_that_have_caught_up_together():
    program = [sys.executable, "-W", "error", "-c", CATCHING_UP]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    said = subprocess.check_output(program, text=True, timeout=20, env=environment)
    overtaken, count = map(int, said.split())
    assert count == 25
    assert overtaken <= SENT_AT_ONCE  # otherwise all 24, for which the process does nothing else for 10 ms
