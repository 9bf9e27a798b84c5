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


def lists_of_the_administration(ports):
    """Return a statement of each list of the administration, by the index that it needs."""
    groups, reports, audit = ports.room_store._groups, ports.report_store, ports.audit_store._filters
    return {
        "room_public_newest": groups._public._newest.onward,
        "room_private_newest": groups._private._newest.onward,
        "room_private_activity": groups._private._active.onward,
        "report_time": reports._pages.onward,
        "report_state": reports._oldest_in_state.onward,
        "report_author": reports._pages_about.onward,
        "report_maker": reports._pages_by.onward,
        "audit_time": audit._all._onward,
        "audit_event": audit._of_event._onward,
        "audit_about": audit._of_person[0]._onward,
        "audit_actor": audit._of_person[1]._onward,
        "audit_about_event": audit._of_both[0]._onward,
        "audit_actor_event": audit._of_both[1]._back,
    }
