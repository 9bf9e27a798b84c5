"""A kind of contract that import-linter lacks: the modules import the standard library only."""

import sys
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class StandardLibraryOnly(Contract):
    """Nothing in `modules` imports a package that has to be installed; what is ours is the other contracts' matter."""

    type_name = "standard_library_only"

    modules: Any = fields.ListField(subfield=fields.ModuleField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        ours = {name.split(".")[0] for name in graph.modules if not graph.is_module_squashed(name)}
        allowed = ours | sys.stdlib_module_names
        inside = {m for root in self.modules for m in (root.name, *graph.find_descendants(root.name))}
        found = [
            (importer, imported)
            for importer in sorted(inside)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if imported.split(".")[0] not in allowed
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["found"]:
            output.print_error(f"{importer} imports {imported}")
