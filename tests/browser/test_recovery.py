"""The way back into an account by mailed links, with a real mail server."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from browser.people import Visitor
from browser.profiles import Profiles
from e2e.crowd import PASSWORD
from mail_servers import mail_server, token_in
from servers import free_port, serving

NEW = "another horse battery"


def test_somebody_gets_back_in_by_a_mailed_link(tmp_path: Path, profiles: Profiles) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with mail_server() as (box, smtp_port):
        mail: dict[str, Any] = {
            "smtp_url": f"smtp://localhost:{smtp_port}",
            "mail_from": "Chat <chat@example.org>",
            "public_url": base,
        }
        with serving(tmp_path, "--workers", "1", port=port, rate_limits="off", **mail):
            phone = Visitor(profiles, base).opens("#/register")
            phone.fills(username="ann", password=PASSWORD)
            phone.page.get_by_label("E-mail").fill("ann@example.org")
            phone.presses("Create account")
            phone.page.get_by_role("navigation", name="Chats").wait_for()
            phone.closes_everything()

            ann = Visitor(profiles, base)
            ann.complaints.expect("status of 400")
            ann.opens(f"#verify={token_in(box.wait_for(1))}")
            ann.sees("Your e-mail address is verified")
            ann.page.get_by_role("link", name="Log in").click()
            ann.page.get_by_role("link", name="Forgot your password?").click()
            ann.page.get_by_label("Username or e-mail address").fill("ANN@example.org")
            ann.presses("Send link")
            ann.sees("Check your mail")
            link = f"#reset={token_in(box.wait_for(2))}"

            ann.goes_to_address(link)
            expect(ann.page).to_have_url(f"{base}/#/reset")
            assert "reset=" not in ann.page.evaluate("() => JSON.stringify(navigation.entries().map((one) => one.url))")
            ann.page.get_by_label("New password").fill("ann")
            ann.presses("Set password and log in")
            ann.sees("Use at least 8 characters.")
            ann.page.get_by_label("New password").fill(NEW)
            ann.presses("Set password and log in")
            ann.page.get_by_role("navigation", name="Chats").wait_for()

            ann.goes_to_address("#/settings/profile")
            ann.sees("This address is verified.")
            expect(ann.page.get_by_label("Current password")).to_be_hidden()
            ann.page.get_by_label("E-mail").fill("new@example.org")
            ann.page.get_by_label("Current password").fill("wrong")
            ann.presses("Save")
            ann.sees("Wrong password.")
            ann.page.get_by_label("Current password").fill(NEW)
            ann.presses("Save")
            ann.sees("This address is not verified yet")
            assert {box.wait_for(3)["To"], box.wait_for(4)["To"]} == {"ann@example.org", "new@example.org"}
            ann.presses("Send the link again")
            ann.goes_to_address(f"#verify={token_in(box.wait_for(5))}")
            ann.sees("Your e-mail address is verified")
            ann.goes_to_address(link)
            ann.sees("You are logged in here as @ann.")
            ann.page.get_by_label("New password").fill("yet another horse")
            ann.presses("Set password and log in")
            ann.sees("This link no longer works")
            ann.page.get_by_role("link", name=re.compile("Request a new link")).click()
            ann.sees("Forgot your password?")
            assert ann.complaints.unexpected() == []
            ann.closes_everything()
