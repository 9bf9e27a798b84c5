/**
 * A new password.
 *
 * @typedef {import("../../app.js").App} App
 */
import {changePassword} from "../../actions/account.js";
import {t} from "../../texts/texts.js";
import {h} from "../../ui/dom.js";
import {passwordField} from "../../ui/password_field.js";
import {toast} from "../../ui/toast.js";
import {formOf} from "../form.js";

/** @param {App} app */
export function password(app) {
  const {account, info} = app.store.get();
  const old_password = passwordField({
    label: t("settings.current_password"),
    attributes: {name: "old_password", autocomplete: "current-password"},
  });
  const new_password = passwordField({
    label: t("settings.new_password"),
    hint: t("welcome.password_hint", {count: info?.limits.password[0] ?? 8}),
    attributes: {name: "new_password", autocomplete: "new-password"},
  });
  const form = formOf({
    fields: {old_password, new_password},
    action: t("settings.change_password"),
    // Password managers need the name of the account.
    content: [
      h("input", {
        class: "only-heard",
        type: "text",
        autocomplete: "username",
        value: account?.username ?? "",
        readonly: true,
        tabindex: -1,
        "aria-hidden": true,
      }),
    ],
    async send() {
      await changePassword(app, {old_password: old_password.input.value, new_password: new_password.input.value});
      old_password.clear();
      new_password.clear();
      toast(t("settings.password_changed"));
    },
  });
  return h("div", {class: "details"}, h("p", {class: "quiet"}, t("settings.password_text")), form.element);
}
