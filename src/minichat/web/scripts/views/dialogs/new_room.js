/**
 * The dialog that makes a room.
 *
 * @typedef {import("../../app.js").App} App
 */
import {createRoom} from "../../actions/room_making.js";
import {t} from "../../texts/texts.js";
import {openDialog} from "../../ui/dialog.js";
import {h} from "../../ui/dom.js";
import {formOf} from "../form.js";
import {peoplePicker} from "../people_picker.js";
import {roomFields} from "../room_fields.js";

/** @param {App} app */
export function openNewRoom(app) {
  return openDialog({
    title: t("new_room.title"),
    className: "dialog-tall",
    content(close, signal) {
      const {fields, read} = roomFields(app, null, {mayChangeHistory: true});
      const participants = peoplePicker(app, {label: t("new_room.people"), signal});
      const {name, description, is_private, ...policy} = fields;
      const form = formOf({
        fields: {...fields, participants},
        action: t("new_room.create"),
        areElementsElsewhere: true,
        onCancel: () => close(),
        send: () => createRoom(app, {...read(), participants: participants.ids()}),
        content: [
          name.element,
          description.element,
          is_private.element,
          participants.element,
          h(
            "details",
            {class: "more"},
            h("summary", {class: "more-summary"}, t("new_room.more")),
            h("div", {class: "form"}, ...Object.values(policy).map((one) => one.element)),
          ),
        ],
      });
      queueMicrotask(() => name.input.focus());
      return form.element;
    },
  });
}
