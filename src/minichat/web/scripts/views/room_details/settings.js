/**
 * The settings of a room, for its owner and moderators.
 *
 * @typedef {import("../../app.js").App} App
 */
import {changeRoom} from "../../actions/room_making.js";
import {rightsIn} from "../../store/participants.js";
import {t} from "../../texts/texts.js";
import {h} from "../../ui/dom.js";
import {toast} from "../../ui/toast.js";
import {formOf} from "../form.js";
import {changesOf, roomFields} from "../room_fields.js";

/**
 * @param {App} app
 * @param {number} id
 * @param {AbortSignal} _signal
 */
export function roomSettings(app, id, _signal) {
  const room = app.store.get().rooms.get(id);
  if (!room) return h("div");
  const {fields, read} = roomFields(app, room, {mayChangeHistory: rightsIn(room).changeHistory});
  const form = formOf({
    fields,
    action: t("room_form.save"),
    async send() {
      const now = app.store.get().rooms.get(id) ?? room;
      const changes = changesOf(now, read());
      if (Object.keys(changes).length > 0) await changeRoom(app, id, changes);
      toast(t("room_form.saved"));
    },
  });
  return form.element;
}
