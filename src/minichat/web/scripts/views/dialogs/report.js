/**
 * The dialog that reports a message to the administrators.
 *
 * @typedef {import("../../app.js").App} App
 * @typedef {import("../../store/state.js").Message} Message
 */
import {reportMessage} from "../../actions/messages.js";
import {t} from "../../texts/texts.js";
import {field} from "../../ui/controls.js";
import {openDialog} from "../../ui/dialog.js";
import {h} from "../../ui/dom.js";
import {toast} from "../../ui/toast.js";
import {formOf} from "../form.js";

const REASONS = /** @type {const} */ (["spam", "abuse", "other"]);
const LONGEST_COMMENT = 1_000;

/**
 * @param {App} app
 * @param {Message} message
 * @param {AbortSignal} signal
 */
export function reportDialog(app, message, signal) {
  return openDialog({
    title: t("messages.report_title"),
    signal,
    content(/** @type {(value?: boolean) => void} */ close) {
      const choices = REASONS.map((reason, place) => {
        const input = h("input", {type: "radio", name: "reason", value: reason, checked: place === 0});
        return {reason, input, element: h("label", {class: "report-reason"}, input, t(`messages.report_${reason}`))};
      });
      const comment = field({
        label: t("messages.report_comment"),
        hint: t("welcome.optional"),
        input: h("textarea", {class: "input", rows: 3, maxlength: LONGEST_COMMENT, dir: "auto"}),
      });
      const form = formOf({
        fields: {comment},
        action: t("messages.report_send"),
        onCancel: () => close(),
        content: [
          h("blockquote", {class: "report-excerpt", dir: "auto"}, message.content.slice(0, 300)),
          h("p", {class: "quiet"}, t("messages.report_text")),
          h(
            "fieldset",
            {class: "choices"},
            h("legend", {class: "field-label"}, t("messages.report_reason")),
            ...choices.map(({element}) => element),
          ),
        ],
        async send() {
          const reason = choices.find(({input}) => input.checked)?.reason ?? "other";
          await reportMessage(app, message, {reason, comment: comment.input.value.trim()});
          close(true);
          toast(t("messages.reported"));
        },
      });
      return form.element;
    },
  });
}
