/**
 * All data of the account: its export, and its end.
 *
 * @typedef {import("../../app.js").App} App
 */
import {eraseAccount, exportData} from "../../actions/account.js";
import {t} from "../../texts/texts.js";
import {openDialog} from "../../ui/dialog.js";
import {h, setText} from "../../ui/dom.js";
import {passwordField} from "../../ui/password_field.js";
import {toast} from "../../ui/toast.js";
import {formOf, runOnce} from "../form.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function yourData(app, signal) {
  const problem = h("p", {class: "form-problem", role: "alert"});
  const save = h(
    "button",
    {type: "button", class: "button", onclick: () => runOnce(save, download, (text) => setText(problem, text))},
    t("data.export"),
  );
  const erase = h(
    "button",
    {type: "button", class: "button is-dangerous", onclick: () => void askToErase(app, signal)},
    t("data.erase"),
  );

  async function download() {
    setText(problem, "");
    const url = URL.createObjectURL(await exportData(app));
    const name = app.store.get().account?.username ?? "account";
    h("a", {href: url, download: `minichat-${name}.json`}).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it after the click
  }

  return h(
    "div",
    {class: "details"},
    h(
      "div",
      {class: "settings-block"},
      h("h4", null, t("data.export_title")),
      h("p", {class: "quiet"}, t("data.export_text")),
      save,
      problem,
    ),
    h(
      "div",
      {class: "settings-block"},
      h("h4", null, t("data.erase_title")),
      h("p", {class: "quiet"}, t("data.erase_text")),
      erase,
    ),
  );
}

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
async function askToErase(app, signal) {
  await openDialog({
    title: t("data.erase_question"),
    className: "dialog-small",
    signal,
    content: (close) => {
      const password = passwordField({
        label: t("data.erase_password"),
        attributes: {name: "password", autocomplete: "current-password"},
      });
      const form = formOf({
        fields: {password},
        action: t("data.erase_action"),
        isDangerous: true,
        onCancel: () => close(),
        content: [h("p", null, t("data.erase_warning"))],
        async send() {
          await eraseAccount(app, password.input.value);
          close();
          toast(t("data.erased"));
        },
      });
      queueMicrotask(() => password.input.focus());
      return form.element;
    },
  });
}
