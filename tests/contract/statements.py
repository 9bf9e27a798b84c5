"""The statements of a store, for tests of their plans."""

from minichat.adapters.peewee.engine.statements import Statement


def statements_of(part, name=""):
    """Yield the statements of a store with their names, including those of its parts."""
    if isinstance(part, Statement):
        yield name, part
    elif isinstance(part, tuple):
        for number, value in enumerate(part):
            yield from statements_of(value, f"{name}.{number}")
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from statements_of(value, f"{name}.{key}")
    elif type(part).__module__.startswith("minichat.adapters.peewee.") and hasattr(part, "__dict__"):
        for key, value in vars(part).items():
            if key not in {"_database", "_locks"}:
                yield from statements_of(value, f"{name}.{key}")
