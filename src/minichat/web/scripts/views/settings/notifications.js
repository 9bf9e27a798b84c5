/**
 * Notifications and the sound on this device. Each room has a level of its own, in its details.
 *
 * @typedef {import("../../app.js").App} App
 */
import {changeSettings} from "../../actions/settings.js";
import {t} from "../../texts/texts.js";
import {h} from "../../ui/dom.js";
import {permission} from "../../ui/notifications.js";
import {switchField} from "../../ui/select.js";
import {playSound} from "../../ui/sound.js";
import {turnOnNotifications} from "../notice_offer.js";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function notificationSettings(app, signal) {
  const notifications = switchField({
    label: t("notices.notifications"),
    hint: t("notices.notifications_hint"),
    isOn: false,
    isDisabled: permission() === "unsupported",
  });
  const sound = switchField({label: t("notices.sound"), hint: t("notices.sound_hint"), isOn: true});
  const listen = h("button", {type: "button", class: "button", onclick: () => playSound()}, t("notices.listen"));

  async function turn() {
    notifications.setProblem("");
    if (!notifications.isOn) return changeSettings(app, {notifications: false});
    notifications.setProblem(await turnOnNotifications(app));
    show();
  }

  function show() {
    const {settings} = app.store.get();
    setChecked(notifications, settings.notifications && permission() === "granted");
    setChecked(sound, settings.sound);
  }

  notifications.input.addEventListener("change", () => void turn());
  sound.input.addEventListener("change", () => changeSettings(app, {sound: sound.isOn}));
  app.store.watch((state) => state.settings, show, signal);
  if (permission() === "unsupported") notifications.setProblem(t("notices.unsupported"));
  if (permission() === "denied") notifications.setProblem(t("notices.denied"));
  return h(
    "div",
    {class: "details"},
    notifications.element,
    sound.element,
    h("div", {class: "details-buttons"}, listen),
    h("p", {class: "quiet"}, t("notices.levels")),
  );
}

/**
 * @param {{input: HTMLElement}} choice
 * @param {boolean} isOn
 */
function setChecked({input}, isOn) {
  /** @type {HTMLInputElement} */ (input).checked = isOn;
}
