/**
 * The two ends of the loaded messages: the next page loads before the user reaches them, and a failure shows there.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").Message} Message
 */
import {problemText} from "../actions/problems.js";
import {hasNewer, hasOlder, loadNewer, loadOlder} from "../actions/rooms.js";
import {t} from "../texts/texts.js";
import {fill, h} from "../ui/dom.js";

/** So many messages before an end the next page loads. */
const AHEAD = 60;

/**
 * @param {App} app
 * @param {number} room
 * @param {() => void} onLoaded Looks whether more must be loaded.
 */
export function listEdges(app, room, onLoaded) {
  const lead = h("div", {class: "timeline-edge", hidden: true});
  const tail = h("div", {class: "timeline-edge", hidden: true});

  /** @param {HTMLElement} edge @param {boolean} isShown */
  function show(edge, isShown) {
    edge.hidden = !isShown;
    if (!isShown || edge.dataset.state === "failed" || edge.querySelector(".spinner")) return;
    fill(edge, h("span", {class: "spinner is-small"}), h("span", {class: "only-heard"}, t("app.loading")));
  }

  /**
   * @param {HTMLElement} edge
   * @param {typeof loadOlder} loadPage
   * @param {number} seq
   */
  async function load(edge, loadPage, seq) {
    if (edge.dataset.state === "loading" || edge.dataset.state === "failed") return;
    edge.dataset.state = "loading";
    try {
      await loadPage(app, room, seq);
      edge.dataset.state = "";
      onLoaded();
    } catch (error) {
      edge.dataset.state = "failed";
      const onclick = () => {
        edge.dataset.state = "";
        show(edge, true);
        void load(edge, loadPage, seq);
      };
      fill(
        edge,
        h("span", {role: "alert"}, problemText(error)),
        h("button", {type: "button", class: "link-button", onclick}, t("app.retry")),
      );
    }
  }

  return {
    lead,
    tail,

    /** @param {readonly Message[]} run The loaded messages without a gap. */
    show(run) {
      const state = app.store.get();
      show(lead, run.length > 0 && hasOlder(state, room, run[0].seq));
      show(tail, hasNewer(state, room, run.at(-1)?.seq ?? 0));
    },

    /**
     * @param {readonly Message[]} run
     * @param {readonly Message[]} seen Those in view.
     */
    look(run, seen) {
      const [first, last, top, bottom] = [run[0], run.at(-1), seen[0], seen.at(-1)];
      if (!first || !last || !top || !bottom) return;
      const state = app.store.get();
      if (top.seq - first.seq < AHEAD && hasOlder(state, room, first.seq)) void load(lead, loadOlder, first.seq);
      if (last.seq - bottom.seq < AHEAD && hasNewer(state, room, last.seq)) void load(tail, loadNewer, last.seq);
    },
  };
}
