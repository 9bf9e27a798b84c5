"""A room in which twenty messages a second arrive, while somebody writes in it."""

import itertools

from playwright.sync_api import CDPSession, expect

from browser.people import Person
from e2e.crowd import meanwhile
from scale import IS_SLOW, scaled

MOST_ELEMENTS = 300
PAUSE_S = 0.05
KEY_MS = 50
FRAME_MS = 100
"""The longest pause between two frames, for 95 of 100."""
WORK_MS = 40
"""The CPU time of the page for each message and key. More would leave little time for anything else."""
PATIENCE_MS = scaled(60_000, 600_000)
TEXT = "nobody hears me, " * scaled(2, 30)
_COUNT_FRAMES = """() => {
  window.pauses = [];
  let last = performance.now();
  requestAnimationFrame(function next(now) {
    window.pauses.push(now - last);
    last = now;
    requestAnimationFrame(next);
  });
}"""


def work_ms(session: CDPSession) -> float:
    """Return the CPU time of the page's main thread."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return 1_000 * float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


def test_a_room_with_twenty_messages_a_second_stays_usable(ann: Person, bob: Person) -> None:
    room = ann.makes_room("Kitchen", bob)
    ann.opens_room(room)
    page = ann.page
    session = ann.protocol()
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    numbers = itertools.count(1)
    if IS_SLOW:
        page.evaluate(_COUNT_FRAMES)
    before = work_ms(session)
    with meanwhile(lambda: bob.said(f"message {next(numbers)}!", room), rest=PAUSE_S):
        ann.composer.press_sequentially(TEXT, delay=KEY_MS, timeout=PATIENCE_MS)
        expect(ann.composer).to_have_value(TEXT)
        ann.composer.press("Enter")
        expect(ann.composer).to_have_value("")
        expect(page.get_by_role("article").filter(has_text="nobody hears me")).to_be_visible()
        work = work_ms(session) - before
        sent = next(numbers)
    expect(page.get_by_role("article").last).to_be_in_viewport()
    expect(page.get_by_role("article").filter(has_text=f"message {sent - 1}!")).to_be_visible()
    assert page.get_by_role("article").count() <= MOST_ELEMENTS
    assert sent > 10
    assert work / (sent + len(TEXT)) < WORK_MS
    if IS_SLOW:  # several tests share the cores in `make test`
        pauses = sorted(page.evaluate("window.pauses"))
        assert pauses[len(pauses) * 95 // 100] < FRAME_MS
