/**
 * The head of the list of rooms: the user's own menu and the title.
 *
 * @typedef {import("../app.js").App} App
 */
import {go} from "../router.js";
import {nameOf} from "../store/people.js";
import {t} from "../texts/texts.js";
import {fill, h} from "../ui/dom.js";
import {openMenu} from "../ui/menu.js";
import {userAvatar} from "./avatar.js";
import {logOutSafely} from "./logging_out.js";
import {newMenu} from "./new_menu.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function sideHeader(app, signal) {
  const button = h("button", {
    type: "button",
    class: "side-me",
    "aria-haspopup": "menu",
    "aria-expanded": false,
    onclick: () =>
      openMenu(
        button,
        [
          {label: t("search.title"), sign: "search", run: () => go({page: "search"})},
          {label: t("mentions.title"), sign: "at", run: () => go({page: "mentions"})},
          {label: t("settings.title"), sign: "settings", run: () => go({page: "settings", section: ""})},
          {label: t("rooms.log_out"), sign: "leave", run: () => void logOutSafely(app, signal)},
        ],
        {signal},
      ),
  });
  app.store.watch(
    (state) => state.account,
    (account) => {
      if (!account) return;
      fill(button, userAvatar(account, "small"));
      button.setAttribute("aria-label", `${t("rooms.menu")}: ${nameOf(account)}`);
      button.title = nameOf(account);
    },
    signal,
  );
  return h(
    "header",
    {class: "side-header"},
    button,
    h("h1", {class: "side-title", tabindex: -1}, t("rooms.title")),
    newMenu(app, signal),
  );
}
