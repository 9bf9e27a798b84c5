"""The first half of an administrator's day: a report comes in, its messages are read, and somebody has to go."""

import csv
import io
from pathlib import Path

from playwright.sync_api import expect

from browser.conftest import People
from browser.people import Person


def test_a_report_is_acted_on(people: People, ann: Person, bob: Person) -> None:
    room = ann.makes_room("Tea and cake", bob)
    for number in range(30):
        bob.said(f"good morning {number}", room)
    spam = bob.said("buy this, friends", room)
    more = bob.said("and buy that", room)
    ann.sends("POST", f"/api/chat/messages/{spam['id']}/report/", reason="spam", comment="every day")
    ann.sends("POST", f"/api/chat/messages/{more['id']}/report/", reason="other")
    root = people.administrator()
    root.signs_in("reports")
    # The queue shows no text; the report shows its copy.
    expect(root.page.get_by_role("table", name="Reports")).to_contain_text(bob.username)
    root.sees_no("buy this, friends")
    root.finds_the_page_accessible()
    # One report is nothing. It can be taken up again.
    reports = root.page.get_by_role("row").filter(has_text=bob.username)
    other = reports.filter(has_text="Something else").get_by_role("link").first
    other_name = other.inner_text()
    plain = root.reads(str(other.get_attribute("href")))
    plain.follows("Dismiss").presses("Dismiss").sees("The report is dismissed.").presses("Apply", state="dismissed")
    plain.follows(other_name).follows("Open again").presses("Open again").sees("The report is open again.")
    # The other one, which has waited longer, is something.
    reports.first.get_by_role("link").first.click()
    root.sees("buy this, friends")
    root.sees("every day")
    root.finds_the_page_accessible()
    # Its room opens only with a reason.
    root.follows("See it in the room…")
    root.sees("Your reason and every page that you view are recorded")
    root.sees_no("good morning 7")
    root.finds_the_page_accessible()
    root.complaints.expect("status of 400")
    root.fills(reason="x")
    root.presses("Open the room")
    root.sees("at least 3")
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
    plain.follows("Reports").follows(other_name).sees("The message is deleted.")
    plain.follows("Mark as acted on").presses("Mark as acted on").sees("The report is marked as acted on.")
    plain.sees_no(bob.username)
    # All of it is in the audit log, and in its file.
    root.goes_to("Audit log")
    root.fills(person=root.username)
    root.presses("Apply")
    for event in ("Account disabled", "Message deleted by an administrator", "Room opened to read messages"):
        expect(root.page.get_by_role("row").filter(has_text=event).first).to_be_visible()
    root.finds_the_page_accessible()
    root.page.get_by_label("Event").select_option("account.disabled")
    root.page.get_by_label("From (UTC day)").fill("2020-01-01")
    root.presses("Apply")
    expect(root.page.get_by_role("table", name="Audit log").get_by_role("row")).to_have_count(2)
    root.page.get_by_label("Event").select_option("")
    root.presses("Apply")
    with root.page.expect_download() as download:
        root.presses("Download as CSV")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"), newline="")))
    acts = [row["event"] for row in rows if row["event"] not in {"report.opened", "room.messages_viewed"}]
    assert acts[:4] == ["report.acted_on", "account.disabled", "message.deleted", "report.acted_on"]
    assert {row["by"] for row in rows} == {root.username, ""}


def test_a_room_is_administered(people: People, ann: Person, bob: Person) -> None:
    room = ann.makes_room("Lost and found", bob, is_private=True)
    ann.sends("POST", f"/api/chat/rooms/{room['id']}/invites/", uses=5)
    ann.opens_room(room)
    root = people.administrator()
    root.signs_in("rooms")
    root.fills(part_of_the_name="AND FOUND")
    root.page.get_by_label("Visibility").select_option("private")
    root.presses("Apply")
    root.follows("Lost and found")
    root.finds_the_page_accessible()
    plain = root.reads(root.page.url).follows("Rename").presses("Save", name="Found again")
    plain.sees("The room is now called Found again.")
    ann.sees("Found again")  # like a renaming by the owner
    root.page.get_by_role("row").filter(has_text=bob.username).get_by_role("link", name="Make owner").click()
    root.finds_the_page_accessible()
    root.presses("Make owner")
    root.sees(f"{bob.username} now owns Found again.")
    plain.follows("Revoke").presses("Revoke").sees("No invitation is valid.")
    # Back leads to the list as it was left.
    root.follows("Back")
    expect(root.page.get_by_label("Part of the name")).to_have_value("AND FOUND")
    root.page.get_by_label("Part of the name").fill("found again")
    root.presses("Apply")
    root.follows("Found again")
    root.follows("Delete")
    root.finds_the_page_accessible()
    root.presses("Delete")
    root.sees("The room Found again is deleted.")
    expect(root.page.get_by_label("Part of the name")).to_have_value("found again")
    root.sees("No room matches.")
    assert bob.account.call("GET", f"/api/chat/rooms/{room['id']}/").status == 404
