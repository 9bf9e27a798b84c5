/**
 * A page whose view loads when it is first opened, so that the first load does not wait for it.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {(app: App, signal: AbortSignal) => HTMLElement} View
 */
import {t} from "../texts/texts.js";
import {fill, h} from "../ui/dom.js";
import {later} from "../ui/later.js";

/**
 * @param {() => Promise<View>} load
 * @returns {View}
 */
export function laterPage(load) {
  return (app, signal) => {
    const element = h("div", {class: "later-page"}, waiting());

    async function show() {
      fill(element, waiting());
      const view = await later(load);
      if (signal.aborted) return;
      if (view) {
        fill(element, view(app, signal));
        // The keys go on from here, not from the button that opened the page.
        if (!element.contains(document.activeElement)) heading()?.focus({preventScroll: true});
      } else
        fill(
          element,
          failure(() => void show()),
        );
    }
    /** @returns {HTMLElement | null} */
    const heading = () => element.querySelector(':is(h2, h3)[tabindex="-1"]');
    void show();
    return element;
  };
}

function waiting() {
  return h(
    "div",
    {class: "blank", role: "status"},
    h("span", {class: "spinner"}),
    h("span", {class: "only-heard"}, t("app.loading")),
  );
}

/** @param {() => void} onclick */
function failure(onclick) {
  return h("div", {class: "blank"}, h("button", {type: "button", class: "button", onclick}, t("app.retry")));
}
