"""The process that starts the servers of the tests: its servers behave as those of the program."""

import subprocess
import sys
from pathlib import Path

DIFFERENCES = """
import importlib
import sys
import minichat.serving
from minichat.cli import main
from launcher import preload, replacements
from gevent import _hub_local, monkey
first = set(sys.modules)
preload()
preloaded = {name for name in sys.modules.keys() - first if not name.startswith("gevent.")}  # which replaces them
if _hub_local.get_hub_if_exists() is not None:
    print("a hub, which a fork would share")
if not sys.modules["prometheus_client.values"].ValueClass._multiprocess:
    print("prometheus_client, whose numbers belong to one process")
for module, name, replacement in replacements():
    if getattr(module, name) is replacement:
        print(f"{module.__name__}.{name} stays replaced")
monkey.patch_all()
from psycopg import waiting
chosen = waiting.wait.__name__, waiting._ready.__name__
importlib.reload(waiting)
if chosen != (waiting.wait.__name__, waiting._ready.__name__):
    print(f"psycopg, which waits by {chosen}")
for module, name, replacement in replacements():
    if getattr(module, name) is not replacement:
        print(f"gevent does not replace {module.__name__}.{name}")
replaced = {id(one) for originals in monkey.saved.values() for one in originals.values() if callable(one)}
replacing = {id(replacement) for _, _, replacement in replacements()}
for name in preloaded:
    for attribute, value in vars(sys.modules[name]).items():
        if id(value) in replacing:
            pass  # it may derive from the original
        elif id(value) in replaced or (isinstance(value, type) and any(id(base) in replaced for base in value.__mro__)):
            print(f"{name}.{attribute}")
        elif isinstance(value, type) and value.__module__ == name:
            for member, inner in vars(value).items():
                if id(inner) in replaced:
                    print(f"{name}.{attribute}.{member}")
"""


def test_preloaded_modules_hold_what_gevent_gives_to_a_worker():
    command = [sys.executable, "-W", "error", "-c", DIFFERENCES]
    found = subprocess.run(
        command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=60, check=False
    )
    assert (found.returncode, found.stderr, found.stdout) == (0, "", "")
