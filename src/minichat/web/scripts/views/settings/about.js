/**
 * About this minichat: its server, its keys, and what it stores in this browser.
 *
 * @typedef {import("../../app.js").App} App
 */
import {t} from "../../texts/texts.js";
import {h} from "../../ui/dom.js";
import {logo} from "../logo.js";

/** @param {App} app */
export function about(app) {
  const keys = /** @type {const} */ ([
    [["Ctrl", "K"], "about.key_switcher"],
    [["Alt", "↑"], "about.key_above"],
    [["Alt", "↓"], "about.key_below"],
    [["Enter"], "about.key_send"],
    [["Shift", "Enter"], "about.key_line"],
    [["↑"], "about.key_edit"],
    [["Esc"], "about.key_escape"],
  ]);
  return h(
    "div",
    {class: "details"},
    h(
      "div",
      {class: "about-head"},
      logo(),
      h(
        "div",
        null,
        h("strong", null, t("app.name")),
        h("p", {class: "quiet"}, t("about.server", {name: app.base.host})),
      ),
    ),
    h("h4", null, t("about.keys")),
    h(
      "dl",
      {class: "keys"},
      ...keys.flatMap(([combination, text]) => [
        h("dt", null, ...combination.map((key) => h("kbd", null, key))),
        h("dd", null, t(text)),
      ]),
    ),
    h("h4", null, t("about.storage")),
    h("p", {class: "quiet"}, t("about.storage_text")),
  );
}
