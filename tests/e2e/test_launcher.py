"""The process that starts the servers of the tests: its servers behave as those of the program."""

import subprocess
import sys
from pathlib import Path

HARMLESS = {"jinja2.utils.Lock", "werkzeug.routing.map.Lock", "werkzeug.routing.map.Map.lock_class"}
"""Locks that no greenlet holds while another one runs."""
HOLDS_ORIGINALS = """
import sys
import minichat.serving
from minichat.cli import main
from launcher import preload
from gevent import monkey
first = set(sys.modules)
preload()
preloaded = {name for name in sys.modules.keys() - first if not name.startswith("gevent.")}  # which replaces them
monkey.patch_all()
replaced = {id(one) for originals in monkey.saved.values() for one in originals.values() if callable(one)}
for name in preloaded:
    for attribute, value in vars(sys.modules[name]).items():
        if id(value) in replaced or (isinstance(value, type) and any(id(base) in replaced for base in value.__mro__)):
            print(f"{name}.{attribute}")
        elif isinstance(value, type) and value.__module__ == name:
            for member, inner in vars(value).items():
                if id(inner) in replaced:
                    print(f"{name}.{attribute}.{member}")
"""


def test_no_preloaded_module_holds_what_gevent_replaces():
    command = [sys.executable, "-W", "error", "-c", HOLDS_ORIGINALS]
    found = subprocess.run(
        command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=60, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert set(found.stdout.split()) == HARMLESS
