/**
 * The fields of a room: name, description, privacy, and its policy. For a new room and for the settings of one.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../api/types.js").Room} Room
 * @typedef {import("../api/rooms.js").RoomChange} RoomChange
 */
import {duration} from "../text/duration.js";
import {language, t} from "../texts/texts.js";
import {field} from "../ui/controls.js";
import {h} from "../ui/dom.js";
import {radioGroup, selectField, switchField} from "../ui/select.js";

const COOLDOWNS = [0, 5, 10, 30, 60, 300, 900, 3600];

/** @type {Required<RoomChange>} */
const NEW = {name: "", description: "", is_private: true, write: "all", cooldown: 0, history: "all"};

/**
 * @param {App} app
 * @param {Room | null} room Null for a new one.
 * @param {{mayChangeHistory: boolean}} rights
 */
export function roomFields(app, room, {mayChangeHistory}) {
  const before = room ?? NEW;
  const limits = app.store.get().info?.limits;
  const name = field({
    label: t("room_form.name"),
    attributes: {
      name: "name",
      value: before.name,
      maxlength: limits?.room_name ?? 100,
      required: true,
      autocomplete: "off",
      dir: "auto",
    },
  });
  const description = field({
    label: t("room_form.description"),
    hint: t("welcome.optional"),
    input: h("textarea", {class: "input", rows: 2, dir: "auto"}),
    attributes: {name: "description", value: before.description, maxlength: limits?.description ?? 1000},
  });
  const is_private = radioGroup({
    label: t("room_form.privacy"),
    value: before.is_private ? "private" : "public",
    options: [
      {value: "private", label: t("room_form.private"), hint: t("room_form.private_hint")},
      {value: "public", label: t("room_form.public"), hint: t("room_form.public_hint")},
    ],
  });
  const write = radioGroup({
    label: t("room_form.write"),
    value: before.write,
    options: [
      {value: "all", label: t("room_form.write_all")},
      {value: "moderators", label: t("room_form.write_moderators"), hint: t("room_form.write_moderators_hint")},
    ],
  });
  const seconds = [...new Set([...COOLDOWNS, before.cooldown])].sort((a, b) => a - b);
  const cooldown = selectField({
    label: t("room_form.cooldown"),
    hint: t("room_form.cooldown_hint"),
    value: String(before.cooldown),
    options: seconds.map((value) => ({
      value: String(value),
      label: value === 0 ? t("room_form.cooldown_off") : duration(value, language()),
    })),
  });
  const history = switchField({
    label: t("room_form.history"),
    hint: t(mayChangeHistory ? "room_form.history_hint" : "room_form.history_owner"),
    isOn: before.history === "all",
    isDisabled: !mayChangeHistory,
  });

  return {
    fields: {name, description, is_private, write, cooldown, history},
    /** What the fields hold. @returns {Required<RoomChange>} */
    read: () => ({
      name: name.input.value,
      description: description.input.value,
      is_private: is_private.value === "private",
      write: write.value,
      cooldown: Number(cooldown.value),
      history: history.isOn ? "all" : "joined",
    }),
  };
}

/**
 * The fields that differ from the room.
 * @param {Room} room
 * @param {Required<RoomChange>} wanted
 * @returns {RoomChange}
 */
export function changesOf(room, wanted) {
  return Object.fromEntries(
    Object.entries(wanted).filter(([key, value]) => room[/** @type {keyof RoomChange} */ (key)] !== value),
  );
}
