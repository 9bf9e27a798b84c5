/**
 * A field that searches while the user types, with the results below it. The arrow keys move through the results while the
 * focus stays in the field, Enter chooses. It knows nothing of what is searched.
 *
 * @template T
 * @typedef {object} Option
 * @property {string} key
 * @property {T} value
 * @property {string} [section] Results with the same section stand below its name.
 * @property {boolean} [isChosen]
 */
import {t} from "../texts/texts.js";
import {h, setText} from "./dom.js";
import {icon} from "./icons.js";

const PAUSE_MS = 200;
let choosers = 0;

/**
 * @template T
 * @param {object} parts
 * @param {string} parts.label
 * @param {string} [parts.placeholder]
 * @param {(text: string, signal: AbortSignal, show: (options: Option<T>[]) => void) => Promise<void>} parts.search Shows
 *   results, as often as it has more of them.
 * @param {(value: T) => HTMLElement} parts.make What a result shows.
 * @param {(value: T) => void} parts.onchoose
 * @param {(text: string) => string} parts.empty What to say if there are no results.
 * @param {(error: unknown) => string} parts.problem
 * @param {() => void} [parts.onBackspace] Backspace in an empty field.
 * @param {boolean} [parts.isMultiple]
 * @param {AbortSignal} parts.signal
 */
export function chooser({
  label,
  placeholder = label,
  search,
  make,
  onchoose,
  empty,
  problem,
  onBackspace,
  isMultiple = false,
  signal,
}) {
  choosers += 1;
  const id = `chooser-${choosers}`;
  const list = h("div", {
    class: "chooser-list",
    role: "listbox",
    id,
    "aria-label": label,
    "aria-multiselectable": isMultiple ? true : null,
  });
  const note = h("p", {class: "chooser-note", role: "status"});
  const again = h("button", {type: "button", class: "button", hidden: true, onclick: () => void run()}, t("app.retry"));
  const input = h("input", {
    type: "text",
    class: "input chooser-input",
    role: "combobox",
    "aria-label": label,
    "aria-autocomplete": "list",
    "aria-expanded": true,
    "aria-controls": id,
    placeholder,
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    enterkeyhint: "search",
    oninput: () => plan(),
    onkeydown,
  });
  const box = h("div", {class: "chooser-field"}, icon("search"), input);
  const element = h("div", {class: "chooser"}, box, note, again, list);

  /** @type {Option<T>[]} */
  let options = [];
  /** @type {HTMLElement[]} */
  let rows = [];
  let active = -1;
  /** The results belong to an earlier text. */
  let isStale = false;
  /** The user pressed Enter before there were results: choose the first. */
  let isHasty = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let last = new AbortController();
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    last.abort();
  });

  function plan() {
    isStale = true;
    isHasty = false;
    clearTimeout(timer);
    last.abort();
    timer = setTimeout(() => void run(), PAUSE_MS);
  }

  async function run() {
    clearTimeout(timer);
    last.abort();
    last = new AbortController();
    const mine = AbortSignal.any([signal, last.signal]);
    const text = input.value.trim();
    again.hidden = true;
    setText(note, t("app.loading"));
    try {
      await search(text, mine, (found) => mine.aborted || show(found));
      if (mine.aborted) return;
      setText(note, options.length === 0 ? empty(text) : "");
    } catch (error) {
      if (mine.aborted) return;
      setText(note, problem(error));
      again.hidden = false;
    } finally {
      if (!mine.aborted) isHasty = false;
    }
  }

  /** @param {Option<T>[]} found */
  function show(found) {
    const before = options[active]?.key;
    options = found;
    rows = found.map((option, place) =>
      h(
        "div",
        {
          class: "chooser-option",
          role: "option",
          id: `${id}-${place}`,
          "aria-selected": option.isChosen === true,
          onpointerdown: (/** @type {Event} */ event) => event.preventDefault(), // the focus stays in the field
          onclick: () => choose(place),
          onpointermove: () => move(place, false),
        },
        make(option.value),
        isMultiple ? h("span", {class: "chooser-mark"}, icon("check")) : null,
      ),
    );
    list.replaceChildren(
      ...found.flatMap(({section}, place) =>
        section && section !== found[place - 1]?.section
          ? [h("div", {class: "chooser-section", role: "presentation"}, section), rows[place]]
          : [rows[place]],
      ),
    );
    isStale = false;
    if (isHasty && found.length > 0) {
      isHasty = false;
      choose(0);
      return;
    }
    const kept = found.findIndex(({key}) => key === before);
    move(kept >= 0 ? kept : found.length > 0 && (input.value.trim() !== "" || !isMultiple) ? 0 : -1, kept >= 0);
  }

  /**
   * @param {number} place
   * @param {boolean} [isScrolled]
   */
  function move(place, isScrolled = true) {
    rows[active]?.classList.remove("is-active");
    active = place;
    const row = rows[place];
    row?.classList.add("is-active");
    if (row && isScrolled) row.scrollIntoView({block: "nearest"});
    if (row) input.setAttribute("aria-activedescendant", row.id);
    else input.removeAttribute("aria-activedescendant");
  }

  /** @param {number} place */
  function choose(place) {
    const option = options[place];
    if (!option) return;
    active = place;
    onchoose(option.value);
  }

  function enter() {
    if (!isStale) return choose(active);
    isHasty = true;
    void run();
  }

  /** @param {KeyboardEvent} event */
  function onkeydown(event) {
    if (event.isComposing) return;
    const {length} = options;
    if (event.key === "ArrowDown" && length > 0) move((active + 1) % length);
    else if (event.key === "ArrowUp" && length > 0) move((active - 1 + length) % length);
    else if (event.key === "Enter") enter();
    else if (event.key === "Backspace" && input.value === "" && onBackspace) return onBackspace();
    else return;
    event.preventDefault();
  }

  return {
    element,
    input,
    box,
    /** Search again now, such as after a choice. */
    run,
    /** Begin a new search. */
    clear() {
      input.value = "";
      return run();
    },
  };
}
