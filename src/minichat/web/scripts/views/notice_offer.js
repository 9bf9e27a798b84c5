/**
 * Offers to turn on the browser's notifications, until the user has answered once on this device.
 *
 * @typedef {import("../app.js").App} App
 */
import {changeSettings} from "../actions/settings.js";
import {t} from "../texts/texts.js";
import {h} from "../ui/dom.js";
import {askPermission, notify, permission} from "../ui/notifications.js";
import {toast} from "../ui/toast.js";

/**
 * Ask for the permission, and show a first notification. Resolves to the problem, or to an empty text.
 * @param {App} app
 */
export async function turnOnNotifications(app) {
  const isAllowed = await askPermission();
  if (!isAllowed) return t(permission() === "denied" ? "notices.denied" : "notices.not_asked");
  const first = notify(t("notices.first"), {body: t("notices.first_text"), tag: "minichat first"});
  if (!first) return t("notices.unsupported");
  changeSettings(app, {notifications: true, isAsked: true});
  return "";
}

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function noticeOffer(app, signal) {
  async function accept() {
    const problem = await turnOnNotifications(app);
    changeSettings(app, {isAsked: true});
    if (problem !== "") toast(problem, {isProblem: true});
  }

  const element = h(
    "section",
    {class: "offer", "aria-label": t("notices.notifications"), hidden: true},
    h("p", null, t("notices.offer")),
    h("button", {type: "button", class: "link-button", onclick: () => void accept()}, t("notices.offer_accept")),
    h(
      "button",
      {type: "button", class: "link-button", onclick: () => changeSettings(app, {isAsked: true})},
      t("notices.offer_dismiss"),
    ),
  );
  app.store.watch(
    ({settings, rooms}) => !settings.isAsked && !settings.notifications && rooms.size > 0,
    (isOffered) => (element.hidden = !isOffered || permission() !== "default"),
    signal,
  );
  return element;
}
