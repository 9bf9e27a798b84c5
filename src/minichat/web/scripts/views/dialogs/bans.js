/**
 * The dialog with the people who are banned from a room.
 *
 * @typedef {import("../../app.js").App} App
 * @typedef {import("../../api/types.js").User} User
 */
import {liftBan, loadBans} from "../../actions/participants.js";
import {nameOf} from "../../store/people.js";
import {t} from "../../texts/texts.js";
import {openDialog} from "../../ui/dialog.js";
import {fill, h, setText} from "../../ui/dom.js";
import {runOnce} from "../form.js";
import {failure} from "../loading.js";
import {personRow} from "../person_row.js";

/**
 * @param {App} app
 * @param {number} room
 */
export function openBans(app, room) {
  return openDialog({
    title: t("bans.title"),
    content(_close, signal) {
      const list = h("ul", {class: "people", "aria-label": t("bans.title")});
      const problem = h("p", {class: "form-problem", role: "alert"});
      const note = h("div", {class: "chooser-note", role: "status"});

      async function load() {
        fill(note, t("app.loading"));
        try {
          const bans = await loadBans(app, room);
          if (signal.aborted) return;
          fill(list, bans.map(banRow));
          showEmpty();
        } catch (error) {
          fill(note, ...failure(error, load));
        }
      }

      function showEmpty() {
        fill(note, list.children.length === 0 && t("bans.empty"));
      }

      /** @param {User} user */
      function banRow(user) {
        const lift = h(
          "button",
          {
            type: "button",
            class: "button",
            "aria-label": t("bans.lift_name", {name: nameOf(user)}),
            onclick: () =>
              runOnce(
                lift,
                async () => {
                  await liftBan(app, room, user.id);
                  row.remove();
                  showEmpty();
                },
                (text) => setText(problem, text),
              ),
          },
          t("bans.lift"),
        );
        const row = h("li", null, personRow(user, {end: [lift]}));
        return row;
      }

      void load();
      return [h("p", {class: "quiet"}, t("bans.hint")), problem, list, note];
    },
  });
}
