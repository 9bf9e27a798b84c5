"""The administrator's own second factor: set it up, turn it off, make recovery codes."""

from typing import Any
from urllib.parse import quote, urlsplit

from flask import Response, flash, make_response, redirect, request, url_for
from flask_admin import expose
from wtforms import PasswordField, StringField

from minichat.admin.forms import Form
from minichat.admin.language import t
from minichat.admin.page import AdministratorPage
from minichat.admin.qr_code import data_url
from minichat.admin.shown import Button, Facts, Moment, Question
from minichat.admin.signed_in import administrator, administrator_at
from minichat.api.context import base_url, device, services
from minichat.api.texts import sentence
from minichat.domain.errors import SetUpExpired
from minichat.domain.model import Caller, Gate, User

_CURRENT_PASSWORD = {"autocomplete": "current-password"}
_CODE = {"autocomplete": "one-time-code", "maxlength": "100", "autocapitalize": "none", "spellcheck": "false"}


class PasswordForm(Form):
    password = PasswordField("shell.password", render_kw=_CURRENT_PASSWORD)


class FirstCodeForm(Form):
    code = StringField("second_factor.code", render_kw={**_CODE, "inputmode": "numeric"})


class BothForm(Form):
    password = PasswordField("shell.password", render_kw=_CURRENT_PASSWORD)
    code = StringField("second_factor.code", description="second_factor.either_code", render_kw=_CODE)


class SecondFactorPage(AdministratorPage):
    """The one page that is open to an administrator who lacks a required factor."""

    area = "second_factor"
    icon = "shield"

    def is_accessible(self) -> bool:
        return administrator_at(Gate.OPEN, Gate.SET_UP) is not None

    @property
    def caller(self) -> Caller:
        caller = administrator_at(Gate.OPEN, Gate.SET_UP)
        assert caller is not None, "the page is guarded"
        return caller

    @property
    def me(self) -> User:
        return self.caller.user

    @expose("/")
    def index(self) -> Any:
        state = services().second_factors.state(self.me.id)
        if state.on_since is None:
            buttons = [Button(t("second_factor.set_up"), url_for(".begin"), tone="main")]
            return self.render("second_factor.html", buttons=buttons, is_demanded=administrator() is None)
        facts = Facts(
            t("second_factor.is_on"),
            [
                (t("second_factor.on_since"), Moment(state.on_since)),
                (t("second_factor.codes_left"), state.recovery_codes_left),
            ],
        )
        buttons = [
            Button(t("second_factor.renew"), url_for(".renew")),
            Button(t("second_factor.turn_off"), url_for(".turn_off"), tone="bad"),
        ]
        return self.render("second_factor.html", buttons=buttons, facts=facts, state=state)

    @expose("/set-up/", methods=("GET", "POST"))
    def begin(self) -> Any:
        """Ask for the password, and make a secret."""
        form = PasswordForm(request.form)

        def begin() -> Any:
            services().second_factors.begin(self.caller, form.password.data or "", device())
            return redirect(url_for(".confirm"), 303)

        question = Question(
            title=t("second_factor.set_up_title"), text=t("second_factor.set_up_text"), button=t("second_factor.go_on")
        )
        return self.act(question, begin, form=form)

    @expose("/confirm/", methods=("GET", "POST"))
    def confirm(self) -> Any:
        """Show the secret, and turn the factor on by its first code."""
        key = services().second_factors.set_up_key(self.caller, _issuer())
        if key is None:
            flash(sentence(SetUpExpired.code), "error")
            return redirect(url_for(".index"), 303)
        form = FirstCodeForm(request.form)

        def confirm() -> Any:
            return self._shown_once(services().second_factors.confirm(self.caller, form.code.data or "", device()))

        question = Question(
            title=t("second_factor.scan_title"), text=t("second_factor.scan_text"), button=t("second_factor.turn_on")
        )
        return self.act(
            question,
            confirm,
            form=form,
            template="second_factor_confirm.html",
            qr_code=data_url(key.uri),
            secret=_in_groups(key.secret),
        )

    @expose("/recovery-codes/", methods=("GET", "POST"))
    def renew(self) -> Any:
        form = BothForm(request.form)

        def renew() -> Any:
            given = form.password.data or "", form.code.data or ""
            return self._shown_once(services().second_factors.renew_recovery_codes(self.caller, *given, device()))

        question = Question(
            title=t("second_factor.renew_title"), text=t("second_factor.renew_text"), button=t("second_factor.renew")
        )
        return self.act(question, renew, form=form)

    @expose("/turn-off/", methods=("GET", "POST"))
    def turn_off(self) -> Any:
        form = BothForm(request.form)

        def turn_off() -> str:
            given = form.password.data or "", form.code.data or ""
            services().second_factors.turn_off(self.caller, *given, device())
            return t("second_factor.turn_off_done")

        question = Question(
            title=t("second_factor.turn_off_title"),
            text=t("second_factor.turn_off_text"),
            button=t("second_factor.turn_off"),
            is_dangerous=True,
        )
        return self.act(question, turn_off, form=form)

    def _shown_once(self, codes: Any) -> Response:
        """Return the page with new recovery codes. No address leads to it, so nobody can open it again."""
        heading = t("second_factor.file_heading", service=_issuer(), name=self.me.username)
        file = "\n".join([heading, "", *codes, ""])
        page = self.render(
            "recovery_codes.html", codes=codes, file_url=f"data:text/plain;charset=utf-8,{quote(file)}", parent=""
        )
        return make_response(page)


def _issuer() -> str:
    """Return the name of this service in an authenticator app. The format has no place for a colon."""
    host = urlsplit(base_url()).hostname or ""
    return "minichat" if not host or ":" in host else f"minichat ({host})"


def _in_groups(secret: str) -> str:
    """Return the secret in groups of four, as people type it. Apps ignore the spaces."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
