"""An administrator looks after people: every action of their pages, on a desktop and on a phone."""

import re

from playwright.sync_api import expect

from browser.conftest import People
from browser.people import Person
from e2e.crowd import PASSWORD

NEW_PASSWORD = "staple battery horse"


def new_password(token: str) -> dict[str, str]:
    return {"token": token, "new_password": NEW_PASSWORD}


def test_people_are_administered(people: People, ann: Person, bob: Person) -> None:
    ann.makes_room("Allotment", bob)
    ann.chats_with(bob)
    root = people.administrator()
    # Found by a part of the name, and the list stays as it was left.
    search = {"Name or e-mail": ann.username[:3].upper(), "State": "active", "Order": "newest"}
    root.shows(root.signs_in().presses("Apply", **search))
    root.follows(ann.username)
    listed = re.compile(r"people/\?q=ANN&state=active&order=newest$")
    root.sees("Allotment")
    expect(root.page.locator("dl div").filter(has_text="Direct chats")).to_have_text(re.compile(r"Direct chats\s*1"))
    root.sees_no(bob.username)
    root.finds_the_page_accessible()
    # A refusal is at its field, which gets the focus.
    root.follows("Edit")
    email = root.page.get_by_label("E-mail")
    email.fill("nowhere")
    root.finds_the_page_accessible()
    root.complaints.expect("status of 400")
    root.presses("Save")
    expect(email).to_have_attribute("aria-invalid", "true")
    expect(email).to_be_focused()
    root.finds_the_page_accessible()
    email.fill("ann@garden.example")
    root.page.get_by_label("Last name").fill("Gardener")
    root.presses("Save")
    root.sees(f"The account {ann.username} is saved.")
    root.sees("ann@garden.example (not verified)")
    root.sees("Ann Gardener")
    # One of two sessions, then the other.
    ann.sends("POST", "/api/auth/login/", username=ann.username, password=PASSWORD)
    plain = root.reads(root.page.url).follows("End session").presses("End session")
    plain.sees(f"The session of {ann.username} has ended.")
    assert len(plain.finds("End session")) == 1
    plain.follows("Log out").finds_the_page_accessible().presses("Log out")
    plain.sees(f"{ann.username} is logged out everywhere").sees("No live sessions.")
    assert ann.account.call("GET", "/api/auth/me/").status == 401
    for action, result in (
        ("Disable", "is disabled and logged out everywhere."),
        ("Enable", "can log in again."),
        ("Make superuser", "is a superuser."),
        ("Take superuser back", "is no superuser any more."),
    ):
        plain.follows(action).presses(action).sees(f"{ann.username} {result}")
    plain.follows("Erase").presses("Erase", type_the_username_to_confirm="somebody").sees("This is not the username.")
    plain.presses("Erase", type_the_username_to_confirm=ann.username).sees(f"The account {ann.username} is erased.")
    assert listed.search(plain.url)
    assert bob.account.call("GET", f"/api/auth/users/{ann.id}/").status == 404


def test_somebody_gets_an_account_and_gets_back_in_by_links_shown_once(people: People, bob: Person) -> None:
    root = people.administrator().on_a_phone()
    plain = root.signs_in()
    root.shows(plain)
    for area in ("People", "Rooms", "Reports", "Audit log"):
        expect(root.page.get_by_role("link", name=area, exact=True)).to_be_in_viewport()
    assert root.page.evaluate("document.documentElement.scrollWidth") == 390
    root.finds_the_page_accessible()
    plain.presses("Русский").follows("Новый аккаунт").finds_the_page_accessible()
    root.shows(plain)
    username = f"new-{bob.username}"
    root.page.get_by_label("Имя пользователя").fill(username)
    root.presses("Новый аккаунт")
    root.sees("Она показана только сейчас и сработает один раз.")
    root.finds_the_page_accessible()
    link = root.page.locator("#link").inner_text()
    root.follows("Готово")
    root.sees(username)
    assert link not in root.page.content()
    assert root.page.evaluate("document.documentElement.scrollWidth") == 390
    # The client takes it from here, as after a mail.
    beginning, token = link.split("#reset=")
    assert beginning == f"{root.base}/"
    assert bob.account.call("POST", "/api/auth/password-reset/confirm/", new_password(token)).status == 200
    login = {"username": username, "password": NEW_PASSWORD}
    assert bob.account.call("POST", "/api/auth/login/", login).status == 200
    # The same way for somebody who forgot a password.
    plain = root.reads(f"/admin/people/{bob.id}/").follows("Ссылка для смены пароля")
    [token] = plain.presses("Ссылка для смены пароля").finds(r"#reset=(\S+)")
    assert bob.account.call("POST", "/api/auth/password-reset/confirm/", new_password(token)).status == 200
    assert bob.account.call("POST", "/api/auth/password-reset/confirm/", new_password(token)).status == 400
    login = {"username": bob.username, "password": PASSWORD}
    assert bob.account.call("POST", "/api/auth/login/", login).status == 401
