/**
 * A line that says that the connection is away, for as long as it is.
 *
 * @typedef {import("../app.js").App} App
 */
import {t} from "../texts/texts.js";
import {h, setText} from "../ui/dom.js";

/** A shorter interruption is not worth a word. */
const PATIENCE_MS = 1_500;

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function linkBar(app, signal) {
  const element = h("div", {class: "link-bar", role: "status", hidden: true});
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function show() {
    const {link} = app.store.get();
    element.hidden = link === "live" && navigator.onLine;
    if (element.hidden) setText(element, "");
    else if (!navigator.onLine) setText(element, t("link.offline"));
    else setText(element, t(link === "waiting" ? "link.waiting" : "link.connecting"));
  }

  app.store.watch(
    (state) => state.link,
    (link) => {
      if (link !== "live" && element.hidden) {
        timer ??= setTimeout(show, PATIENCE_MS);
        return;
      }
      clearTimeout(timer);
      timer = undefined;
      show();
    },
    signal,
  );
  addEventListener("offline", show, {signal});
  addEventListener("online", show, {signal});
  signal.addEventListener("abort", () => clearTimeout(timer));
  return element;
}
