/**
 * The invitations to a room: create one, copy its link, see how often each was used, revoke. The server shows a link once,
 * so a new one stays on the screen until the dialog closes.
 *
 * @typedef {import("../../app.js").App} App
 * @typedef {import("../../api/types.js").Invitation} Invitation
 */

import {createInvitation, loadInvitations, revokeInvitation} from "../../actions/invitations.js";
import {nameOf} from "../../store/people.js";
import {duration} from "../../text/duration.js";
import {full} from "../../text/time.js";
import {language, t} from "../../texts/texts.js";
import {field} from "../../ui/controls.js";
import {fill, h, keyedList, setText} from "../../ui/dom.js";
import {icon} from "../../ui/icons.js";
import {selectField} from "../../ui/select.js";
import {toast} from "../../ui/toast.js";
import {copyText} from "../copying.js";
import {formOf, runOnce} from "../form.js";
import {failure} from "../loading.js";

const EXPIRIES = [3_600, 86_400, 604_800, 2_592_000];
const WEEK = 604_800;
/** Collects joins for this long: one request then shows all uses. */
const JOINS_MS = 1_000;

/**
 * The number of uses, or null if the field is empty. Text that is no number becomes 0, which the server refuses.
 * @param {HTMLInputElement} input
 */
function usesOf({value, valueAsNumber, validity}) {
  if (validity.badInput) return 0;
  return value === "" ? null : valueAsNumber;
}

/**
 * @param {App} app
 * @param {number} room
 * @param {AbortSignal} signal
 */
export function invitations(app, room, signal) {
  const list = h("ul", {class: "cards", "aria-label": t("invites.list")});
  const note = h("div", {class: "chooser-note", role: "status"});
  const problem = h("p", {class: "form-problem", role: "alert"});
  const made = h("div", {class: "invite-made", hidden: true, role: "status"});
  const expires_in = selectField({
    label: t("invites.expires"),
    value: String(WEEK),
    options: EXPIRIES.map((seconds) => ({value: String(seconds), label: duration(seconds, language())})),
  });
  const uses = field({
    label: t("invites.uses"),
    hint: t("invites.uses_hint"),
    attributes: {type: "number", inputmode: "numeric", min: 1, max: 1000, placeholder: t("invites.any")},
  });
  const form = formOf({
    fields: {expires_in, uses},
    areElementsElsewhere: true,
    content: [h("div", {class: "field-pair"}, expires_in.element, uses.element)],
    action: t("invites.create"),
    async send() {
      const invitation = await createInvitation(app, room, {
        expires_in: Number(expires_in.value),
        uses: usesOf(uses.input),
      });
      showLink(invitation);
      show([invitation, ...active]);
    },
  });
  const showRows = keyedList({
    parent: list,
    key: (/** @type {Invitation} */ {id}) => id,
    make: invitationRow,
    signal,
  });
  /** @type {readonly Invitation[]} */
  let active = [];
  /** Counts what was shown, so that a list which was asked for before a change does not undo it. */
  let changes = 0;

  /** @param {readonly Invitation[]} invitations */
  function show(invitations) {
    changes += 1;
    active = invitations.filter((one) => one.uses === null || one.used < one.uses);
    showRows(active);
    fill(note, active.length === 0 && t("invites.empty"));
  }

  /** @param {Invitation} invitation */
  function showLink({url = ""}) {
    const link = h("input", {
      class: "input",
      type: "text",
      readonly: true,
      value: url,
      "aria-label": t("invites.link"),
      onfocus: () => link.select(),
    });
    const copy = h(
      "button",
      {
        type: "button",
        class: "button is-main",
        onclick: async () => {
          if (await copyText(url)) toast(t("app.copied"));
          else link.focus(); // the user copies the selected text
        },
      },
      icon("copy"),
      t("app.copy"),
    );
    made.hidden = false;
    fill(made, h("p", null, t("invites.made")), h("div", {class: "copy-row"}, link, copy));
    copy.focus();
  }

  /** @param {Invitation} invitation */
  function invitationRow(invitation) {
    const {id, created_by, expires_at} = invitation;
    const usedText = h("span");
    const update = (/** @type {Invitation} */ {uses: limit, used: count}) =>
      setText(
        usedText,
        limit === null ? t("invites.used", {count}) : t("invites.used_of", {count: limit, used: count}),
      );
    update(invitation);
    const revoke = h(
      "button",
      {
        type: "button",
        class: "button is-dangerous",
        onclick: () =>
          runOnce(
            revoke,
            async () => {
              await revokeInvitation(app, room, id);
              made.hidden = true;
              show(active.filter((one) => one.id !== id));
            },
            (text) => setText(problem, text),
          ),
      },
      t("invites.revoke"),
    );
    const element = h(
      "li",
      {class: "card"},
      h(
        "div",
        {class: "card-lines"},
        h("p", {class: "card-name", dir: "auto"}, t("invites.by", {name: nameOf(created_by)})),
        h("p", {class: "quiet"}, usedText, " · ", t("invites.until", {time: full(Date.parse(expires_at), language())})),
      ),
      revoke,
    );
    return {element, update};
  }

  async function load() {
    if (active.length === 0) fill(note, t("app.loading"));
    const before = changes;
    try {
      const all = await loadInvitations(app, room);
      if (!signal.aborted && changes === before) show(all);
    } catch (error) {
      fill(note, ...failure(error, load));
    }
  }

  let isDue = false;
  /** Somebody has joined, perhaps with one of the links. @param {readonly import("../../api/types.js").Event[]} events */
  function follow(events) {
    if (isDue || !events.some(({type, data}) => type === "participant.joined" && data.room === room)) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      if (!signal.aborted) void load();
    }, JOINS_MS);
  }

  app.onEvents(follow, signal);
  void load();
  return h(
    "div",
    {class: "details"},
    h("p", {class: "quiet"}, t("invites.hint")),
    form.element,
    made,
    h("h3", {class: "details-heading"}, t("invites.list")),
    problem,
    list,
    note,
  );
}
