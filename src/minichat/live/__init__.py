"""Live updates: sends each change of the log, and each ephemeral event, to the listeners that may receive it.

    hub          reads the change log once for all listeners of this worker
    routing      the recipients of changes, and who waits
    pacing       how long the receipts of a large room wait
    writing      the events of a batch, by recipient
    listeners    one listener for each open stream, and the index by user and by room
    ephemeral    typing and presence, which are never stored
    streaming    one listener's events, from its cursor on
    catching_up  the events that listeners have missed, for many listeners at once
    turnstile    one opening stream at a time, so that requests overtake a storm of them
    cursors      positions of the change log as text for clients
    events       the protocols of an event and of its writer

This package knows neither HTTP nor JSON: its caller passes the writer of events.
"""
