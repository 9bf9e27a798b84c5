/**
 * The user's picture: upload with a look at the square before it, an address on the web, removal.
 *
 * @typedef {import("../../app.js").App} App
 */
import {changeProfile, removePicture, uploadPicture} from "../../actions/account.js";
import {t} from "../../texts/texts.js";
import {field} from "../../ui/controls.js";
import {openDialog} from "../../ui/dialog.js";
import {fill, h, setText} from "../../ui/dom.js";
import {squareOf} from "../../ui/picture.js";
import {toast} from "../../ui/toast.js";
import {userAvatar} from "../avatar.js";
import {formOf, runOnce} from "../form.js";

const KINDS = "image/png,image/jpeg,image/webp,image/gif";

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
export function pictureSettings(app, signal) {
  const shown = h("div", {class: "picture-shown"});
  const problem = h("p", {class: "form-problem", role: "alert"});
  const input = h("input", {type: "file", accept: KINDS, hidden: true, onchange: choose});
  const remove = h(
    "button",
    {
      type: "button",
      class: "button",
      onclick: () =>
        runOnce(
          remove,
          async () => {
            await removePicture(app);
            upload.focus(); // this button goes
          },
          (text) => setText(problem, text),
        ),
    },
    t("picture.remove"),
  );
  const upload = h("button", {type: "button", class: "button", onclick: () => input.click()}, t("picture.upload"));
  const address = h(
    "button",
    {type: "button", class: "link-button", onclick: () => void askForAddress(app, signal)},
    t("picture.address"),
  );

  async function choose() {
    const [file] = input.files ?? [];
    input.value = ""; // the same file may be chosen again
    if (!file) return;
    setText(problem, "");
    try {
      await confirmPicture(app, await squareOf(file), signal);
    } catch {
      setText(problem, t("picture.unreadable"));
    }
  }

  app.store.watch(
    (state) => state.account,
    (account) => {
      if (!account) return;
      fill(shown, userAvatar(account, "large"));
      remove.hidden = isPlaceholder(account.avatar);
    },
    signal,
  );
  return h(
    "div",
    {class: "picture"},
    shown,
    h("div", {class: "picture-actions"}, h("div", {class: "details-buttons"}, upload, remove), address, input, problem),
  );
}

/** @param {string} avatar */
function isPlaceholder(avatar) {
  return /\/avatars\/[^/]+\.svg$/.test(avatar);
}

/**
 * Show the square, and upload it if the user agrees.
 * @param {App} app
 * @param {Blob} square
 * @param {AbortSignal} signal
 */
async function confirmPicture(app, square, signal) {
  const url = URL.createObjectURL(square);
  await openDialog({
    title: t("picture.preview"),
    className: "dialog-small",
    signal,
    content: (close) => {
      const form = formOf({
        fields: {},
        action: t("picture.use"),
        onCancel: () => close(),
        content: [
          h("img", {class: "picture-preview", src: url, alt: t("picture.preview_alt")}),
          h("p", {class: "quiet"}, t("picture.preview_hint")),
        ],
        async send() {
          await uploadPicture(app, square);
          close();
          toast(t("picture.changed"));
        },
      });
      return form.element;
    },
  });
  URL.revokeObjectURL(url);
}

/**
 * @param {App} app
 * @param {AbortSignal} signal
 */
async function askForAddress(app, signal) {
  await openDialog({
    title: t("picture.address"),
    className: "dialog-small",
    signal,
    content: (close) => {
      const avatar = field({
        label: t("picture.address_label"),
        hint: t("picture.address_hint"),
        attributes: {name: "avatar", type: "url", placeholder: "https://", autocomplete: "photo", required: true},
      });
      const form = formOf({
        fields: {avatar},
        action: t("picture.use"),
        onCancel: () => close(),
        async send() {
          await changeProfile(app, {avatar: avatar.input.value.trim()});
          close();
          toast(t("picture.changed"));
        },
      });
      return form.element;
    },
  });
}
