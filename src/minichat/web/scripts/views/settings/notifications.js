/**
 * Notifications and the sound on this device. Each room has a level of its own, in its details.
 *
 * @typedef {import("../../app.js").App} App
 */
import {changeSettings} from "../../actions/settings.js";
import {t} from "../../texts/texts.js";
import {h} from "../../ui/dom.js";
import {askPermission, notify, permission} from "../../ui/notifications.js";
import {switchField} from "../../ui/select.js";
import {playSound} from "../../ui/sound.js";

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
    const isAllowed = await askPermission();
    const first = isAllowed && notify(t("notices.first"), {body: t("notices.first_text"), tag: "minichat first"});
    if (!first) {
      showProblem(isAllowed);
      return show();
    }
    changeSettings(app, {notifications: true});
  }

  /** @param {boolean} isAllowed The user has agreed, but the browser shows nothing. */
  function showProblem(isAllowed) {
    const isRefused = permission() === "denied";
    notifications.setProblem(t(isAllowed ? "notices.unsupported" : isRefused ? "notices.denied" : "notices.not_asked"));
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
