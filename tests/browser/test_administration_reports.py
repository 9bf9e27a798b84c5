"""The first half of an administrator's day: a report comes in, its messages are read, and somebody has to go."""

import csv
import io
from pathlib import Path

from playwright.sync_api import expect

from browser.conftest import People
from browser.people import Person


def test_a_report_is_acted_on(people: People, ann: Person, bob: Person) -> None:
    room = ann.makes_room("Tea and cake", bob)
    for number in range(12):
        bob.said(f"good morning {number}", room)
    spam = bob.said("buy this, friends", room)
    more = bob.said("and buy that", room)
    ann.sends("POST", f"/api/chat/messages/{spam['id']}/report/", reason="spam", comment="every day")
    ann.sends("POST", f"/api/chat/messages/{more['id']}/report/", reason="other")
    root = people.administrator()
    # The queue shows no text; the report shows its copy.
    plain = root.signs_in().follows("Reports").sees(bob.username).sees_no("buy this, friends")
    plain.finds_the_page_accessible()
    [first, other] = plain.finds(rf"(Report \d+) Reason [\w ]+ Author of the message B {bob.username} ")
    # One report is nothing. It can be taken up again.
    plain.follows(other).follows("Dismiss").presses("Dismiss").sees("The report is dismissed.")
    plain.presses("Apply", state="dismissed")
    plain.follows(other).follows("Open again").presses("Open again").sees("The report is open again.")
    # The other one, which has waited longer, is something.
    plain.presses("Apply", state="open").follows(first)
    plain.sees("every day").sees("buy this, friends").finds_the_page_accessible()
    root.shows(plain)
    # Its room opens only with a reason.
    root.follows("See it in the room…")
    root.sees("Your reason and every page that you view are recorded")
    root.sees_no("good morning 7")
    root.finds_the_page_accessible()
    root.reads(root.page.url).presses("Open the room", reason="x").sees("at least 3")
    root.fills(reason="A report names spam by this author")
    root.presses("Open the room")
    root.sees("good morning 7")
    expect(root.page.locator(".is-marked")).to_contain_text("buy this, friends")
    expect(root.page.locator(".is-marked")).to_be_in_viewport()
    expect(root.page.get_by_role("link", name="Rooms", exact=True)).to_have_attribute("aria-current", "page")
    root.finds_the_page_accessible()
    # Another message of the author goes.
    root.page.get_by_role("listitem").filter(has_text="and buy that").get_by_role("link", name="Delete").click()
    root.sees("Delete this message?")
    root.presses("Delete")
    root.sees("The message is deleted.")
    root.sees_no("and buy that")
    assert ann.sends("GET", f"/api/chat/messages/{more['id']}/")["is_deleted"]
    plain = root.reads(root.page.url).follows("Close the room").presses("Close the room").sees("The room is closed.")
    # The reported message and its author go as well.
    plain.follows("Delete the message").presses("Delete the message").sees("the report is marked as acted on")
    plain.follows(f"Disable {bob.username}").presses("Disable").sees(f"{bob.username} is disabled")
    plain.sees("buy this, friends")
    assert bob.account.call("GET", "/api/auth/me/").status == 401
    plain.follows("Reports").follows(other).sees("The message is deleted.")
    plain.follows("Mark as acted on").presses("Mark as acted on").sees("The report is marked as acted on.")
    plain.sees_no(bob.username)
    # All of it is in the audit log, and in its file.
    plain.follows("Audit log").presses("Apply", person=root.username, event="account.disabled", from_="2020-01-01")
    root.shows(plain)
    expect(root.page.get_by_role("table", name="Audit log").get_by_role("row")).to_have_count(2)
    root.finds_the_page_accessible()
    root.page.get_by_label("Event").select_option("")
    root.presses("Apply")
    for event in ("Account disabled", "Message deleted by an administrator", "Room opened to read messages"):
        expect(root.page.get_by_role("row").filter(has_text=event).first).to_be_visible()
    with root.page.expect_download() as download:
        root.presses("Download as CSV")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"), newline="")))
    acts = [row["event"] for row in rows if row["event"] not in {"report.opened", "room.messages_viewed"}]
    assert acts[:4] == ["report.acted_on", "account.disabled", "message.deleted", "report.acted_on"]
    assert {row["by"] for row in rows} == {root.username, ""}


def test_a_room_is_administered(people: People, ann: Person, bob: Person) -> None:
    room = ann.makes_room("Lost and found", bob, is_private=True)
    ann.sends("POST", f"/api/chat/rooms/{room['id']}/invites/", uses=5)
    plain = people.administrator().signs_in().follows("Rooms")
    plain.presses("Apply", part_of_the_name="AND FOUND", visibility="private").follows("Lost and found")
    plain.finds_the_page_accessible()
    plain.follows("Rename").presses("Save", name="Found again").sees("The room is now called Found again.")
    plain.follows("Make owner").sees(bob.username).finds_the_page_accessible()
    plain.presses("Make owner").sees(f"{bob.username} now owns Found again.")
    plain.follows("Revoke").presses("Revoke").sees("No invitation is valid.")
    # Back leads to the list as it was left, and so does a deletion.
    plain.follows("Back").sees("No room matches.")
    plain.presses("Apply", part_of_the_name="found again").follows("Found again")
    plain.follows("Delete").finds_the_page_accessible()
    plain.presses("Delete").sees("The room Found again is deleted.").sees("No room matches.")
    assert plain.url.endswith("/rooms/?q=found+again&visibility=private&order=newest")
    assert bob.account.call("GET", f"/api/chat/rooms/{room['id']}/").status == 404
