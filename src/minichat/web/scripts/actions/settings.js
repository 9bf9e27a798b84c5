/**
 * The settings of this device: theme, language, sound, notifications.
 *
 * @typedef {import("../app.js").App} App
 * @typedef {import("../store/state.js").Settings} Settings
 */
import {DEFAULT_SETTINGS} from "../store/state.js";

/** @param {App} app */
export function loadSettings(app) {
  const stored = app.local.get("settings", {});
  app.store.update((state) => ({...state, settings: {...DEFAULT_SETTINGS, ...stored}}));
}

/**
 * @param {App} app
 * @param {Partial<Settings>} change
 */
export function changeSettings(app, change) {
  app.store.update((state) => ({...state, settings: {...state.settings, ...change}}));
  app.local.set("settings", app.store.get().settings);
}
