/**
 * The theme and the language of this device. A choice shows at once.
 *
 * @typedef {import("../../app.js").App} App
 */
import {changeSettings} from "../../actions/settings.js";
import {t} from "../../texts/texts.js";
import {h} from "../../ui/dom.js";
import {radioGroup} from "../../ui/select.js";

/** @param {App} app */
export function appearance(app) {
  const {settings} = app.store.get();
  const theme = radioGroup({
    label: t("appearance.theme"),
    options: [
      {value: "system", label: t("appearance.system"), hint: t("appearance.system_hint")},
      {value: "light", label: t("appearance.light")},
      {value: "dark", label: t("appearance.dark")},
    ],
    value: settings.theme,
    onchoose: (value) => changeSettings(app, {theme: value}),
  });
  const language = radioGroup({
    label: t("appearance.language"),
    options: [
      {value: "system", label: t("appearance.system"), hint: t("appearance.system_language_hint")},
      {value: "en", label: "English"},
      {value: "ru", label: "Русский"},
    ],
    value: settings.language,
    onchoose: (value) => changeSettings(app, {language: value}),
  });
  return h("div", {class: "details"}, theme.element, language.element);
}
