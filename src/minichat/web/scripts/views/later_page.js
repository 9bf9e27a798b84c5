/**
 * A page whose view loads when it is first opened, so that the first load does not wait for it.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {(app: App, signal: AbortSignal) => HTMLElement} View
 */
import {fill, h} from "../ui/dom.js";
import {later} from "../ui/later.js";
import {loadingPage, retryButton} from "./loading.js";

/**
 * @param {() => Promise<View>} load
 * @returns {View}
 */
export function laterPage(load) {
  return (app, signal) => {
    const element = h("div", {class: "later-page"}, loadingPage());

    async function show() {
      fill(element, loadingPage());
      const view = await later(load);
      if (signal.aborted) return;
      if (view) {
        fill(element, view(app, signal));
        // The keys go on from here, not from the button that opened the page.
        if (!element.contains(document.activeElement)) heading()?.focus({preventScroll: true});
      } else fill(element, h("div", {class: "blank"}, retryButton(show)));
    }
    /** @returns {HTMLElement | null} */
    const heading = () => element.querySelector(':is(h2, h3)[tabindex="-1"]');
    void show();
    return element;
  };
}
