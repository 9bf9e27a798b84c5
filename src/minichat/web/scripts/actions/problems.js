/**
 * Errors as sentences for the user, in their language.
 */
import {ApiError} from "../api/client.js";
import {t} from "../texts/texts.js";

/** Codes that concern one field, without the server naming it. @type {Record<string, string>} */
const FIELDS = {username_taken: "username"};

/**
 * The sentence for an error.
 * @param {unknown} error
 * @returns {string}
 */
export function problemText(error) {
  if (!(error instanceof ApiError)) return t("error.unknown");
  if (error.status === 0) return t("error.unreachable");
  if (isOutdated(error)) return t("app.not_loaded");
  if (error.code === "index_building") return t("search.building");
  const fields = Object.values(error.errors).flat();
  if (fields.length > 0) return fields.join(" ");
  if (error.status === 429 && error.retryAfter > 0 && error.detail === "") {
    return t("error.wait", {count: error.retryAfter});
  }
  return error.detail || t("error.unknown");
}

/**
 * The server has another version than this page, and no longer the file that the page needs.
 * @param {unknown} error
 */
export function isOutdated(error) {
  return error instanceof ApiError && error.code === "outdated";
}

/**
 * The sentence for one field of a form. Empty if the error does not concern it.
 * @param {unknown} error
 * @param {string} field
 * @returns {string}
 */
export function fieldProblem(error, field) {
  if (!(error instanceof ApiError)) return "";
  return FIELDS[error.code] === field ? error.detail : (error.errors[field] ?? []).join(" ");
}
