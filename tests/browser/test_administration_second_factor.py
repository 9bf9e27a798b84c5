"""The second factor in a browser: it is set up, used and turned off, recovery codes help, and the figures are shown."""

import re
import time
from pathlib import Path

from playwright.sync_api import expect
from pyotp import TOTP

from browser.conftest import People
from e2e.crowd import PASSWORD


def test_a_second_factor_is_set_up_used_and_turned_off(people: People) -> None:
    root = people.administrator("Factor")
    plain = root.signs_in().follows("Second factor").finds_the_page_accessible()
    plain.follows("Set up").finds_the_page_accessible().presses("Continue", password=PASSWORD).sees("Scan the QR code")
    root.shows(plain)
    root.finds_the_page_accessible()
    app, moment = TOTP(root.page.locator("#secret").inner_text().replace(" ", "")), int(time.time())
    root.fills(code=app.at(moment))
    root.presses("Turn on")
    # The recovery codes are shown this once, and in a file.
    shown = root.page.get_by_role("main").get_by_role("listitem")
    expect(shown).to_have_count(10)
    codes = shown.all_inner_texts()
    root.finds_the_page_accessible()
    with root.page.expect_download() as download:
        root.follows("Download")
    assert set(codes) <= set(Path(download.value.path()).read_text("utf-8").splitlines())
    root.reads("/admin/second-factor/").sees("The second factor is on").finds_the_page_accessible()
    # The password alone no longer suffices. A code works once, and that of the next step is accepted already.
    root.presses("Sign out")
    root.fills(username=root.username, password=PASSWORD)
    root.presses("Sign in")
    root.sees("Enter your code")
    root.finds_the_page_accessible()
    root.reads(root.page.url).presses("Sign in", code=app.at(moment)).sees("used before")
    root.fills(code=app.at(moment + 30))
    root.presses("Sign in")
    expect(root.page).to_have_url(re.compile("/admin/people/$"))
    plain = root.reads("/admin/second-factor/").sees("Recovery codes left 10")
    # Without the phone, a recovery code lets them in.
    plain.presses("Sign out").presses("Sign in", username=root.username, password=PASSWORD).sees("Enter your code")
    plain.follows("Use a recovery code").finds_the_page_accessible()
    plain.presses("Sign in", recovery_code=codes[0]).follows("Second factor").sees("Recovery codes left 9")
    # Two further recovery codes make new ones and turn the factor off.
    plain.follows("New recovery codes").finds_the_page_accessible()
    plain.presses("New recovery codes", password=PASSWORD, code=codes[1])
    renewed, *others = plain.sees("Keep your recovery codes").finds(r"\b[0-9a-z]{4}(?:-[0-9a-z]{4}){3}\b")
    assert len(others) == 9
    plain.follows("I have kept them").follows("Turn off").presses("Turn off", password=PASSWORD, code=renewed)
    plain.sees("The second factor is off.")
    # The figures, in numbers too.
    root.shows(plain.follows("Figures").follows("7 days"))
    expect(root.page.get_by_role("img", name="Chart: Messages, 7 days.")).to_be_visible()
    root.page.get_by_text("The numbers as a table").click()
    expect(root.page.get_by_role("table", name="Figures").get_by_role("row")).to_have_count(8)
    root.finds_the_page_accessible()
