/**
 * The whole page: the log-in or the chat, in the chosen language and theme. The modules of the chat are loaded apart, so
 * that the log-in appears soon.
 *
 * @typedef {import("../app.js").App} App
 */
import {startKeeping} from "../actions/keeping.js";
import {startLive} from "../actions/live.js";
import {startPreparing} from "../actions/preparing.js";
import {startMarking} from "../actions/reading.js";
import {startSending} from "../actions/sending.js";
import {chooseLanguage, language, t, useLanguage} from "../texts/texts.js";
import {h, handOver, scope} from "../ui/dom.js";
import {keepAboveKeyboard} from "../ui/keyboard_space.js";
import {requestListed} from "../ui/later.js";
import {watchTitle} from "./title.js";
import {welcome} from "./welcome.js";

/**
 * @param {App} app
 * @param {HTMLElement} element Holds a sign of the start until the first page is known.
 * @param {AbortSignal} signal
 */
export async function root(app, element, signal) {
  const page = scope(signal);
  const live = scope(signal);

  async function show() {
    const {phase} = app.store.get();
    const part = page.next();
    if (phase === "out") handOver(element, welcome(app, part));
    if (phase !== "in") return;
    const loaded = await loadChat().catch(() => null);
    if (!part.aborted) handOver(element, loaded ? loaded.chat(app, part) : notLoaded());
  }

  const prepare = () => void loadChat().catch(() => null); // `show` reports a failure
  if (app.session.exists()) prepare();
  else element.addEventListener("input", prepare, {once: true, signal});
  keepAboveKeyboard(signal);
  await useLanguage(chooseLanguage(app.store.get().settings.language, navigator.languages));
  app.store.watch(
    (state) => state.settings.theme,
    (theme) => {
      if (theme === "system") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = theme;
    },
    signal,
  );
  app.store.watch(
    (state) => state.settings.language,
    async (chosen, previous) => {
      const next = chooseLanguage(chosen, navigator.languages);
      if (previous === undefined || next === language()) return;
      await useLanguage(next);
      await show();
    },
    signal,
  );
  app.store.watch((state) => state.phase, show, signal);
  watchTitle(app, signal);
  app.store.watch(
    (state) => state.account?.id,
    (account) => {
      const part = live.next();
      if (account === undefined) return;
      startKeeping(app, account, part);
      startSending(app, part);
      startLive(app, part);
      startMarking(app, part);
      startPreparing(app, part);
    },
    signal,
  );
}

function loadChat() {
  requestListed();
  return import("./chat.js");
}

function notLoaded() {
  const button = h("button", {type: "button", class: "button", onclick: () => location.reload()}, t("app.reload"));
  return h("main", {class: "welcome", role: "alert"}, h("p", null, t("app.not_loaded")), button);
}
