"""Yielding under gevent, in a process of its own: the tests themselves run without it."""

import subprocess
import sys

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
