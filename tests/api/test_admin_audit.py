"""The administration's page of the audit log: filters, and the CSV file."""

import csv
import io
import re

import pytest

from api.administrators import Browser
from api.client import Chat, Json, Person
from api.conftest import on_one_database
from minichat.admin.csv_file import line

pytestmark = on_one_database


def listed(admin: Browser, query: str = "") -> list[tuple[str, str, str]]:
    """The event, subject and actor of each entry on the page."""
    rows = re.findall(r"<tr role=\"row\">(.*?)</tr>", admin.sees(f"/admin/audit/{query}"), re.DOTALL)[1:]
    cells = [re.findall(r'class="cell-value">(.*?)</span></td>', row, re.DOTALL) for row in rows]

    def text(cell: str) -> str:
        name = re.search(r">([\w-]+)</(?:a|span)>", cell.partition("person-names")[2])
        return name[1] if name else cell

    return [(text(event), text(about), text(by)) for event, about, by, *_ in cells]


def downloaded(admin: Browser, query: str = "") -> list[dict[str, str]]:
    answer = admin.submits(f"/admin/audit/audit-log.csv{query}", "/admin/audit/")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert re.fullmatch(r'attachment; filename="audit-log-[\d-]{10}\.csv"', answer.headers["Content-Disposition"])
    content = answer.get_data()
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_entries_are_filtered_by_event_person_and_day(admin: Browser, ann: Person) -> None:
    admin.acts(f"/admin/people/{ann.id}/disable/")
    assert listed(admin)[0] == ("Account disabled", "ann", "root")
    assert listed(admin, "?event=account.disabled") == [("Account disabled", "ann", "root")]
    assert {event for event, *_ in listed(admin, "?person=ANN")} == {"Account disabled", "Account registered"}
    assert listed(admin, "?person=root&event=account.disabled") == [("Account disabled", "ann", "root")]
    assert listed(admin, "?until=2001-01-01") == []
    assert listed(admin, "?since=2001-01-01&event=account.disabled") == [("Account disabled", "ann", "root")]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?person=nobody", "There is no account named nobody."),
        ("?since=yesterday", "Enter days as"),
        ("?until=2026-02-30", "Enter days as"),
        ("?since=9999-99-99", "Enter days as"),
    ],
)
def test_an_odd_filter_is_answered_with_a_sentence(admin: Browser, query: str, sentence: str) -> None:
    assert sentence in admin.sees(f"/admin/audit/{query}")
    answer = admin.submits(f"/admin/audit/audit-log.csv{query}", "/admin/audit/")
    assert answer.status_code == 303
    assert sentence in admin.sees("/admin/audit/")


def test_the_file_has_the_filtered_entries_and_its_download_is_audited(admin: Browser, ann: Person) -> None:
    admin.acts(f"/admin/people/{ann.id}/disable/")
    [row] = downloaded(admin, "?person=root&event=account.disabled")
    assert (row["event"], row["about"], row["by"], row["by_id"]) == ("account.disabled", "ann", "root", "1")
    assert listed(admin)[0][0] == "Audit log exported"
    assert [row["event"] for row in downloaded(admin)][:2] == ["audit.exported", "account.disabled"]


def test_the_file_needs_the_token_of_its_form(admin: Browser) -> None:
    answer = admin.posts("/admin/audit/audit-log.csv", csrf_token="x")
    assert (answer.status_code, answer.mimetype) == (303, "text/html")
    assert all(event != "Audit log exported" for event, *_ in listed(admin))


def test_a_download_breaks_off_when_the_administrator_is_disabled(
    chat: Chat, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minichat.domain.audit_reading.EXPORT_BATCH", 1)
    answer = admin.submits("/admin/audit/audit-log.csv", "/admin/audit/")
    parts = answer.iter_encoded()
    assert b"user_agent" in next(parts)
    assert b"session.opened" in next(parts)
    chat.sql('UPDATE "user" SET is_active = FALSE')
    with pytest.raises(ConnectionResetError):
        next(parts)


def test_a_reason_that_is_a_formula_stays_text_in_the_file(admin: Browser, ann: Person) -> None:
    room: Json = ann.makes_room("Tea")
    formula = "=HYPERLINK(1)"
    admin.acts(f"/admin/messages/{room['id']}/", reason=formula)
    [row] = downloaded(admin, "?event=room.messages_opened")
    assert f"'{formula}" in row["detail"]


@pytest.mark.parametrize("character", [*"=+-@\t\r", "＝", "＋", "－", "＠"])
def test_no_cell_begins_with_a_character_that_begins_a_formula(character: str) -> None:
    for text in (f"{character}1+1", f" {character}1", f"\u200b{character}1", f"\n{character}1"):
        [[cell]] = csv.reader(io.StringIO(line([text]), newline=""))
        assert "'" in cell[: cell.index("1")]
        assert cell[0] not in "=+-@\t\r＝＋－＠"
        assert cell.replace("'", "") == text


@pytest.mark.parametrize("separator", [",", ";", "|", "\t"])
def test_no_cell_holds_a_formula_for_a_spreadsheet_with_another_separator(separator: str) -> None:
    for between in ("", " ", '"', "'"):
        [cell] = next(csv.reader([line([f"x{separator}{between}=1+1"])]))
        assert cell == f"x{separator}{between}'=1+1"


def test_ordinary_text_stays_as_it_is() -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) a-b@c=d"
    assert next(csv.reader([line([agent, 7, None, 'say "hi"'])])) == [agent, "7", "", 'say "hi"']
