/**
 * Endpoints of the user's own account: log-in, profile, password, sessions.
 *
 * @typedef {import("./types.js").Account} Account
 * @typedef {import("./types.js").Info} Info
 * @typedef {import("./types.js").Room} Room
 * @typedef {import("./types.js").SessionInfo} SessionInfo
 * @typedef {import("./types.js").Tokens} Tokens
 * @typedef {{username: string, password: string, password_confirm?: string, email?: string, first_name?: string,
 *   last_name?: string, invite?: string}} Registration
 * @typedef {{first_name?: string, last_name?: string, email?: string, avatar?: string, password?: string}} ProfileChange
 */

/** @param {import("./client.js").Client} client */
export function accountEndpoints({json, page, send}) {
  const isPublic = true;
  return {
    /** @returns {Promise<Info>} */
    info: () => json("GET", "api/info/", {isPublic}),

    /** @param {Registration} body @returns {Promise<{user: Account, tokens: Tokens, room?: Room}>} */
    register: (body) => json("POST", "api/auth/register/", {body, isPublic}),

    /** @param {{username: string, password: string}} body @returns {Promise<{user: Account, tokens: Tokens}>} */
    logIn: (body) => json("POST", "api/auth/login/", {body, isPublic}),

    /** End the session of a refresh token. @param {string} refresh */
    logOut: (refresh) => json("POST", "api/auth/logout/", {body: {refresh}, isPublic, isLasting: true}),

    /** The account of another session than the present one. @param {string} access @returns {Promise<Account>} */
    accountOf: (access) => json("GET", "api/auth/me/", {isPublic, headers: {Authorization: `Bearer ${access}`}}),

    /** @param {AbortSignal} [signal] @returns {Promise<Account>} */
    me: (signal) => json("GET", "api/auth/me/", {signal}),

    /** @param {string} password */
    erase: (password) => json("DELETE", "api/auth/me/", {body: {password}}),

    /** All that the server stores of the user, as a response to save. */
    exportData: () => send("GET", "api/auth/me/export/", {isEndless: true}),

    /** @returns {Promise<Account>} */
    profile: () => json("GET", "api/auth/profile/"),

    /** @param {ProfileChange} body @returns {Promise<Account>} */
    changeProfile: (body) => json("PATCH", "api/auth/profile/", {body}),

    /** @param {Blob} file @param {AbortSignal} [signal] @returns {Promise<Account>} */
    uploadAvatar(file, signal) {
      const body = new FormData();
      body.append("file", file);
      return json("PUT", "api/auth/profile/avatar/", {body, signal});
    },

    /** @returns {Promise<Account>} */
    removeAvatar: () => json("DELETE", "api/auth/profile/avatar/"),

    /** @param {{old_password: string, new_password: string}} body @returns {Promise<{tokens: Tokens}>} */
    changePassword: (body) => json("POST", "api/auth/change-password/", {body}),

    /** @param {Record<string, string>} [query] @returns {Promise<import("./client.js").Page<SessionInfo>>} */
    sessions: (query) => page("api/auth/sessions/", {query}),

    /** @param {number} id */
    endSession: (id) => json("DELETE", `api/auth/sessions/${id}/`),

    endOtherSessions: () => json("DELETE", "api/auth/sessions/"),

    /** Request a mail with a link. @param {{username: string} | {email: string}} body @returns {Promise<{message: string}>} */
    requestPasswordReset: (body) => json("POST", "api/auth/password-reset/", {body, isPublic}),

    /** @param {{token: string, new_password: string}} body @returns {Promise<{tokens: Tokens}>} */
    resetPassword: (body) => json("POST", "api/auth/password-reset/confirm/", {body, isPublic}),

    /** @param {string} token */
    verifyEmail: (token) => json("POST", "api/auth/email/verify/", {body: {token}, isPublic}),

    /** @returns {Promise<{message: string}>} */
    resendVerification: () => json("POST", "api/auth/email/resend/"),
  };
}
