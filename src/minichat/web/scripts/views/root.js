/**
 * The whole page: the log-in or the chat, in the chosen language and theme.
 *
 * @typedef {import("../app.js").App} App
 */
import {startKeeping} from "../actions/keeping.js";
import {startLive} from "../actions/live.js";
import {startSending} from "../actions/sending.js";
import {chooseLanguage, useLanguage} from "../texts/texts.js";
import {fill, scope} from "../ui/dom.js";
import {keepAboveKeyboard} from "../ui/keyboard_space.js";
import {chat} from "./chat.js";
import {welcome} from "./welcome.js";

/**
 * @param {App} app
 * @param {HTMLElement} element Holds a sign of the start until the first page is known.
 * @param {AbortSignal} signal
 */
export async function root(app, element, signal) {
  const page = scope(signal);
  const live = scope(signal);

  function show() {
    const {phase} = app.store.get();
    const part = page.next();
    if (phase === "out") fill(element, welcome(app, part));
    if (phase === "in") fill(element, chat(app, part));
  }

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
      if (previous === undefined) return;
      await useLanguage(chooseLanguage(chosen, navigator.languages));
      show();
    },
    signal,
  );
  app.store.watch((state) => state.phase, show, signal);
  app.store.watch(
    (state) => state.account?.id,
    (account) => {
      const part = live.next();
      if (account === undefined) return;
      startKeeping(app, account, part);
      startSending(app, part);
      startLive(app, part);
    },
    signal,
  );
}
