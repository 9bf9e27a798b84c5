"""Modules of the web client that are sent as one file: a browser needs milliseconds for the request of each.

In a joined file each module is a block, so that its names stay its own. The blocks follow the order in which a browser
would run the modules, which is exact because no modules import each other in a circle. A variable for each module holds
what it exports. All that import a joined module take its exports from there, so it runs once.

    export let $ui_dom;
    { const {t} = $texts_texts; function h() {} $ui_dom = {h}; }

Only the forms of our own modules are known: `import {a, b as c} from "./d.js";` at the start of a line, `export` before
a class, a function or a single constant, `import("./e.js")` and `import.meta.url`. Others raise ValueError. What looks
like one of these forms in a string is taken for it. A test compares all joined modules with the separate ones.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]+)";', re.MULTILINE)
_LATE_IMPORT = re.compile(r'\bimport\("(\.[^"]+)"\)')
_EXPORT = re.compile(r"^export ((?:async )?function|const|class) ([\w$]+)", re.MULTILINE)
_NOTHING = re.compile(r"^export \{\};$", re.MULTILINE)
_OWN_URL = "import.meta.url"
_OTHER_FORMS = re.compile(
    r"""^(?:import\b(?!\()|export\b|var\b).*  # not the forms above, or one variable for all blocks
    |\bimport\s*\((?!"\.[^"]+"\)).*|\bimport\.meta\b(?!\.url\b).*  # likewise
    |\$[A-Za-z_].*  # could be a name of this module's own
    """,
    re.MULTILINE | re.VERBOSE,
)


def join(modules: Mapping[str, str], roots: Mapping[str, str]) -> dict[str, str]:
    """Return the contents of all modules and of the joined files, by their paths.

    `roots` says by the path of each joined file which module needs it. It holds all that this module imports, directly
    or not, except what an earlier joined file holds. At the path of a joined module is a short one with its exports.
    Raises ValueError if a module does not exist or has another form.
    """
    homes: dict[str, str] = {}
    for file, root in roots.items():
        *members, _ = _in_order(modules, root, set(homes))
        homes |= dict.fromkeys(members, file)
    exports = {name: _exports(modules[name]) for name in homes}
    for name, content in modules.items():
        _check_imports(name, content, exports)
    for name in homes:
        _check_form(name, modules[name])
    files = {file: _joined(file, modules, homes) for file in roots}
    for name, content in modules.items():
        files[name] = _alias(name, content, homes) if name in homes else _linked(name, content, homes)
    return files


def _in_order(modules: Mapping[str, str], name: str, done: set[str]) -> Iterator[str]:
    """Yield the module after all that it imports, as a browser runs them, except those that are done."""
    if name in done:
        return
    if name not in modules:
        raise ValueError(f"{name} does not exist")
    done.add(name)
    for imported in _imported(name, modules[name]):
        yield from _in_order(modules, imported, done)
    yield name


def _joined(file: str, modules: Mapping[str, str], homes: Mapping[str, str]) -> str:
    members = [name for name, home in homes.items() if home == file]
    elsewhere = {imported for name in members for imported in _imported(name, modules[name])} - set(members)
    imports = [f"{_import_of(name, file, homes)}\n" for name in sorted(elsewhere)]
    return "".join([*imports, *(_block(name, modules[name], file) for name in members)])


def _check_imports(name: str, content: str, exports: Mapping[str, list[str]]) -> None:
    """Raise ValueError if the module imports from a joined one what that does not export."""
    for names, specifier in _IMPORT.findall(content):
        imported = _path(name, specifier)
        if imported in exports:
            wanted = {one.split(" as ")[0].strip() for one in names.split(",")} - {""}
            if missing := wanted.difference(exports[imported]):
                raise ValueError(f"{imported} does not export {', '.join(sorted(missing))}, which {name} imports")


def _check_form(name: str, content: str) -> None:
    """Raise ValueError unless the module can be joined."""
    rest = _NOTHING.sub("", _EXPORT.sub(r"\1 \2", _IMPORT.sub("", content)))
    if unknown := _OTHER_FORMS.search(rest):
        raise ValueError(f"{name} can't be joined: {unknown[0]}")


def _block(name: str, content: str, file: str) -> str:
    """Return a module as a part of its joined file."""
    body = _IMPORT.sub(lambda found: _constants(found[1], _path(name, found[2])), content)
    body = _NOTHING.sub("", _EXPORT.sub(r"\1 \2", body)).strip()
    body = _LATE_IMPORT.sub(lambda found: f'import("{_specifier(file, _path(name, found[1]))}")', body)
    body = body.replace(_OWN_URL, f'new URL("{_specifier(file, name)}", {_OWN_URL}).href')
    variable, exports = _variable(name), ", ".join(_exports(content))
    return f"// {name}\nexport let {variable};\n{{\n{body}\n{variable} = {{{exports}}};\n}}\n"


def _alias(name: str, content: str, homes: Mapping[str, str]) -> str:
    """Return a module that exports what the joined module of this name does."""
    return f"{_import_of(name, name, homes)}\nexport const {{{', '.join(_exports(content))}}} = {_variable(name)};\n"


def _linked(name: str, content: str, homes: Mapping[str, str]) -> str:
    """Return a module that is not joined. It takes what joined modules export from their files. No line moves."""

    def link(found: re.Match[str]) -> str:
        imported = _path(name, found[2])
        if imported not in homes:
            return found[0]
        return f"{_import_of(imported, name, homes)} {_constants(found[1], imported)}"

    return _IMPORT.sub(link, content)


def _imported(name: str, content: str) -> list[str]:
    """Return the paths of the modules that this one imports."""
    return [_path(name, specifier) for _, specifier in _IMPORT.findall(content)]


def _exports(content: str) -> list[str]:
    return [name for _, name in _EXPORT.findall(content)]


def _import_of(imported: str, importer: str, homes: Mapping[str, str]) -> str:
    return f'import {{{_variable(imported)}}} from "{_specifier(importer, homes[imported])}";'


def _constants(imports: str, imported: str) -> str:
    """Return constants for what is imported from a joined module: `a, b as c` become `a, b: c`."""
    return f"const {{{imports.replace(' as ', ': ')}}} = {_variable(imported)};"


def _variable(name: str) -> str:
    return "$" + name.removesuffix(".js").replace("/", "$").replace("-", "$$")  # no two paths have the same


def _path(importer: str, specifier: str) -> str:
    """Return the path of the module that an import names."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), specifier))


def _specifier(importer: str, imported: str) -> str:
    """Return how to name a module in an import."""
    path = posixpath.relpath(imported, posixpath.dirname(importer))
    return path if path.startswith(".") else f"./{path}"
