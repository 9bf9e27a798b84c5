/**
 * What stands in place of something that is loading or could not be loaded.
 */
import {problemText} from "../actions/problems.js";
import {t} from "../texts/texts.js";
import {h} from "../ui/dom.js";

/** A sign of loading, which a screen reader reads out. */
export function spinner() {
  return [h("span", {class: "spinner"}), h("span", {class: "only-heard"}, t("app.loading"))];
}

/** The same in the middle of an empty page. */
export function loadingPage() {
  return h("div", {class: "blank", role: "status"}, spinner());
}

/**
 * The reason of a failure, and a button to try again.
 * @param {unknown} error
 * @param {() => unknown} again
 */
export function failure(error, again) {
  return [h("p", null, problemText(error)), retryButton(again)];
}

/** @param {() => unknown} again */
export function retryButton(again) {
  return h("button", {type: "button", class: "button", onclick: () => void again()}, t("app.retry"));
}
