/**
 * The dialog that adds people to a room. A refusal names the person; the others are added.
 *
 * @typedef {import("../../app.js").App} App
 */
import {addParticipant} from "../../actions/participants.js";
import {problemText} from "../../actions/problems.js";
import {nameOf} from "../../store/people.js";
import {t} from "../../texts/texts.js";
import {openDialog} from "../../ui/dialog.js";
import {toast} from "../../ui/toast.js";
import {formOf} from "../form.js";
import {peoplePicker} from "../people_picker.js";

/**
 * @param {App} app
 * @param {number} room
 */
export function openAddPeople(app, room) {
  return openDialog({
    title: t("members.add"),
    className: "dialog-tall",
    content(close, signal) {
      const {participants, rooms} = app.store.get();
      const known = [...(participants.get(room)?.people ?? []), ...(rooms.get(room)?.participants ?? [])];
      const picker = peoplePicker(app, {
        label: t("members.add_label"),
        excluded: new Set(known.map(({id}) => id)),
        signal,
      });
      queueMicrotask(() => picker.input.focus());
      const form = formOf({
        fields: {picker},
        action: t("members.add_action"),
        onCancel: () => close(),
        async send() {
          const chosen = picker.chosen();
          if (chosen.length === 0) return picker.setProblem(t("members.add_nobody"));
          const problems = [];
          let added = 0;
          for (const person of chosen) {
            try {
              await addParticipant(app, room, person.id);
              added += 1;
              picker.remove(person);
            } catch (error) {
              problems.push(`${nameOf(person)}: ${problemText(error)}`);
            }
          }
          if (added > 0) toast(t("members.added", {count: added}));
          if (problems.length === 0) close();
          else picker.setProblem(problems.join("\n"));
        },
      });
      return form.element;
    },
  });
}
