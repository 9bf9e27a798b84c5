"""The names of audit events in the language of the page."""

from minichat.admin.language import t
from minichat.admin.texts import has_text
from minichat.domain.model import AuditEvent


def event_text(event: AuditEvent) -> str:
    """Return the name of an event, or its code if it has no text."""
    key = f"audit.{event.value.replace('.', '_')}"
    return t(key) if has_text(key) else event.value
