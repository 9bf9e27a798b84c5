"""Joined modules behave like the separate ones: node runs both."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pytest

from minichat.api.files import without_comments
from minichat.api.joined_modules import join
from minichat.api.web_client import JOINED, WebClient

NODE = Path(sys.executable).parent / "node"
FOLDER = Path(str(files("minichat") / "web"))
ENTRANCES = {"start.js", "scripts/main.js"}
"""They need a page."""

_COMPARE = """
import {readFileSync} from "node:fs";

const [served, separate] = process.argv.slice(1);
const separately = (code) =>
  code
    .replace(/import\\("[^"]*"\\)/g, "import()")
    .replace(/new URL\\("[^"]*\\.js", import\\.meta\\.url\\)\\.href/g, "import.meta.url");
const shown = (value) => (typeof value === "function" ? separately(value.toString()) : JSON.stringify(value));
const differences = [];
for (const name of JSON.parse(readFileSync(0, "utf8"))) {
  const [ours, theirs] = [await import(`${served}/${name}`), await import(`${separate}/${name}`)];
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  for (const key of names) {
    if (typeof ours[key] !== typeof theirs[key] || shown(ours[key]) !== shown(theirs[key])) {
      differences.push([name, key, shown(ours[key]), shown(theirs[key])]);
    }
  }
}
console.log(JSON.stringify(differences));
"""


def write(folder: Path, contents: Mapping[str, str]) -> Path:
    for name, content in contents.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    (folder / "package.json").write_text('{"type": "module"}', encoding="utf-8")
    return folder


def run(script: str, *arguments: str | Path, given: str = "") -> str:
    """Return what node prints for a module."""
    command: list[str | Path] = [NODE, "--input-type=module", "--eval", script, "--", *arguments]
    outcome = subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout.strip()


def imports_of(content: str) -> set[str]:
    return set(re.findall(r'^import \{[^}]*\} from "([^"]+)"', content, re.MULTILINE))


def test_each_module_of_the_client_exports_the_same_as_alone(tmp_path: Path) -> None:
    client = WebClient(FOLDER, {})
    names = [path.relative_to(FOLDER).as_posix() for path in sorted(FOLDER.rglob("*.js"))]
    served = {}
    for name in [*names, *JOINED]:
        file = client.file(name)
        assert file, name
        served[name] = file.plain().decode()
    separate = {name: without_comments(name, (FOLDER / name).read_bytes()).decode() for name in names}
    differences = run(
        _COMPARE,
        write(tmp_path / "served", served),
        write(tmp_path / "separate", separate),
        given=json.dumps([name for name in names if name not in ENTRANCES]),
    )
    assert json.loads(differences) == []
    blocks = re.findall(r"^// (\S+\.js)$", "".join(served[name] for name in JOINED), re.MULTILINE)
    assert len(blocks) == len(set(blocks)) > 100
    for name, content in served.items():
        for late in re.findall(r'\bimport\("([^"]+)"\)', content):
            target = (tmp_path / "served" / name / ".." / late).resolve().relative_to(tmp_path / "served")
            assert str(target) in served, f"{name} imports {late}"
        if name not in blocks:
            imported = {(tmp_path / name / ".." / one).resolve() for one in imports_of(content)}
            assert not imported & {tmp_path / block for block in blocks}, f"{name} runs a joined module again"


MODULES = {
    "main.js": """
import {count} from "./counter.js";
import {shown as show} from "./views/list.js";
show(count);
""",
    "counter.js": """
export const count = 3;
const size = 1;
export async function late() {
  return import("./late.js");
}
""",
    "views/list.js": """
import {count, late} from "../counter.js";
const size = 2;
export function shown(number) {
  console.log(number, count, size);
}
export class List {}
export const load = async () => (await late()).state;
export const address = import.meta.url;
""",
    "late.js": """
import {List as Known} from "./views/list.js";
export const state = new Known();
""",
    "types.js": "export {};",
    "chat.js": """
import {
  address,
  List,
  load,
} from "./views/list.js";
import {own} from "./own.js";
own(await load(), List);
console.log(address.endsWith("/views/list.js"));
""",
    "own.js": """
import {count as size} from "./counter.js";
import {} from "./types.js";
export function own(state, kind) {
  console.log(size, state instanceof kind);
}
""",
}
IMPORT_BOTH = """
const [folder] = process.argv.slice(1);
await import(`${folder}/main.js`);
await import(`${folder}/chat.js`);
"""


def test_joined_modules_keep_their_names_apart_and_run_once_and_in_order(tmp_path: Path) -> None:
    folder = write(tmp_path, join(MODULES, {"joined/first.js": "main.js", "joined/chat.js": "chat.js"}))
    said = run(IMPORT_BOTH, folder)
    assert said.splitlines() == ["3 3 2", "3 true", "true"]
    first, chat = ((folder / "joined" / name).read_text() for name in ("first.js", "chat.js"))
    assert re.findall("^// (.*)$", first, re.MULTILINE) == ["counter.js", "views/list.js"]
    assert re.findall("^// (.*)$", chat, re.MULTILINE) == ["types.js", "own.js"]


@pytest.mark.parametrize(
    "form",
    [
        *("export default 1;", "export * from './a.js';", 'export {a} from "./a.js";', "export let a = 1;"),
        *('import a from "./a.js";', 'import * as a from "./a.js";', 'import "./a.js";', "export const {a} = b;"),
        *("export const a = 1, b = 2;", "const at = import.meta.dirname;", "const load = () => import(`./a.js`);"),
        *("var a = 1;", "const $a = 1;", 'const load = () =>\n  import(\n    "./a.js"\n  );'),
        *("import {a} from './a.js';", 'import {\n  a,\n} from "./missing.js";', 'import {a} from "./missing.js";'),
    ],
)
def test_a_module_of_another_form_is_not_joined(form: str) -> None:
    with pytest.raises(ValueError, match=r"(module|missing)\.js"):
        join({"main.js": 'import {b} from "./module.js";', "module.js": form, "a.js": ""}, {"joined.js": "main.js"})
