/**
 * The question before the user blocks somebody, which says what a block does.
 */
import {nameOf} from "../store/people.js";
import {t} from "../texts/texts.js";
import {confirmDialog} from "../ui/dialog.js";

/**
 * Resolves to whether the user agrees.
 * @param {import("../api/types.js").User} user
 * @param {AbortSignal} [signal]
 */
export function confirmBlock(user, signal) {
  return confirmDialog({
    title: t("person.block_title", {name: nameOf(user)}),
    text: t("person.block_text"),
    action: t("person.block"),
    isDangerous: true,
    signal,
  });
}
