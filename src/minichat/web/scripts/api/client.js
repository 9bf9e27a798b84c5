/**
 * Requests to the server: JSON in, JSON out, errors as ApiError. Adds the access token and renews it once if the server
 * refuses it. It knows no endpoint and nothing of the store.
 */

/** @typedef {import("./session.js").Session} Session */

/**
 * @typedef {object} RequestOptions
 * @property {Record<string, string | number | boolean | null | undefined>} [query] Null and undefined are left out.
 * @property {unknown} [body] Sent as JSON; a FormData is sent as it is.
 * @property {AbortSignal} [signal]
 * @property {Record<string, string>} [headers]
 * @property {boolean} [isPublic] Send no access token.
 * @property {boolean} [isEndless] The answer is a stream: no time limit.
 * @property {boolean} [isLasting] The request goes out even if the page closes.
 *
 * @typedef {object} Client
 * @property {(method: string, path: string, options?: RequestOptions) => Promise<Response>} send
 * @property {<T = any>(method: string, path: string, options?: RequestOptions) => Promise<T>} json
 * @property {<T = any>(path: string, options?: RequestOptions) => Promise<Page<T>>} page
 * @property {(path: string, query: NonNullable<RequestOptions["query"]>) => WebSocket} socket Open a WebSocket.
 * @property {() => number} now The time of the server, in milliseconds since the epoch.
 */

/**
 * One page of a list. `next` is the query of the next page, or null at the end.
 * @template T
 * @typedef {{items: T[], next: Record<string, string> | null}} Page
 */

const LONGEST_ANSWER_MS = 30_000;

/** The server refused a request, or could not be reached (status 0, code "unreachable"). */
export class ApiError extends Error {
  /** @param {{status: number, code: string, detail?: string, errors?: Record<string, string[]>, retryAfter?: number}} problem */
  constructor({status, code, detail = "", errors = {}, retryAfter = 0}) {
    super(detail || code);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    /** A sentence for people, in their language. Empty if the server sent none. */
    this.detail = detail;
    /** The messages of each wrong field. */
    this.errors = errors;
    /** Seconds to wait, 0 if the server named none. */
    this.retryAfter = retryAfter;
  }

  /** A later attempt may succeed without any change to the request. */
  get isTemporary() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The session has ended: the user must log in again. */
export class SessionEnded extends Error {}

/**
 * @param {object} parts
 * @param {URL} parts.base The address of the server, with a final slash.
 * @param {Session} parts.session
 * @param {() => string} parts.language
 * @param {typeof globalThis.fetch} [parts.fetch]
 * @returns {Client}
 */
export function makeClient({base, session, language, fetch = globalThis.fetch.bind(globalThis)}) {
  /** How far the clock of this machine is ahead. Pages of another origin don't see the server's, and trust their own. */
  let ahead = 0;

  /** @type {Client["send"]} */
  async function send(method, path, options = {}) {
    const access = options.isPublic ? null : await session.access();
    const answer = await attempt(method, path, options, access);
    if (answer.ok) return answer;
    if (answer.status === 401 && access !== null) {
      const again = await attempt(method, path, options, await session.renewed(access));
      if (again.ok) return again;
      throw await problemOf(again);
    }
    throw await problemOf(answer);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {RequestOptions} options
   * @param {string | null} access
   */
  async function attempt(method, path, {query, body, signal, headers, isEndless, isLasting}, access) {
    const url = addressOf(path, query ?? {});
    const isForm = body instanceof FormData;
    const limits = [signal, isEndless ? undefined : AbortSignal.timeout(LONGEST_ANSWER_MS)];
    try {
      const answer = await fetch(url, {
        method,
        headers: {
          "Accept-Language": language(),
          ...headers,
          ...(access !== null && {Authorization: `Bearer ${access}`}),
          ...(body !== undefined && !isForm && {"Content-Type": "application/json"}),
        },
        body: body === undefined ? undefined : isForm ? body : JSON.stringify(body),
        signal: AbortSignal.any(limits.filter((limit) => limit !== undefined)),
        cache: "no-store",
        credentials: "omit",
        referrerPolicy: "no-referrer",
        keepalive: isLasting,
      });
      const date = Date.parse(answer.headers.get("Date") ?? "");
      if (!Number.isNaN(date)) ahead = Date.now() - date;
      return answer;
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError({status: 0, code: "unreachable"});
    }
  }

  /**
   * @param {string} path
   * @param {NonNullable<RequestOptions["query"]>} query
   */
  function addressOf(path, query) {
    const url = new URL(path, base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== null && value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  /** @type {Client["json"]} */
  async function json(method, path, options) {
    const answer = await send(method, path, options);
    if (answer.status === 204) return /** @type {any} */ (undefined);
    return read(answer, options?.signal);
  }

  /** @type {Client["page"]} */
  async function page(path, options) {
    const answer = await send("GET", path, options);
    return {items: await read(answer, options?.signal), next: nextQuery(answer.headers.get("Link"))};
  }

  /** @type {Client["socket"]} */
  function socket(path, query) {
    const url = addressOf(path, query);
    url.protocol = url.protocol.replace("http", "ws");
    return new WebSocket(url);
  }

  return {send, json, page, socket, now: () => Date.now() - ahead};
}

/**
 * @param {Response} answer
 * @param {AbortSignal | undefined} signal
 */
async function read(answer, signal) {
  try {
    return await answer.json();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError({status: 0, code: "unreachable"}); // the connection broke within the body
  }
}

/** @param {Response} answer */
export async function problemOf(answer) {
  const problem = (await answer.json().catch(() => null)) ?? {}; // a proxy may answer with anything
  return new ApiError({
    status: answer.status,
    code: typeof problem.code === "string" ? problem.code : `http_${answer.status}`,
    detail: problem.detail,
    errors: problem.errors,
    retryAfter: Number(answer.headers.get("Retry-After")) || 0,
  });
}

/**
 * The query of the next page. Only the query: the server may know its own address by another name.
 * @param {string | null} link A Link header.
 * @returns {Record<string, string> | null}
 */
export function nextQuery(link) {
  for (const part of (link ?? "").split(/,\s*(?=<)/)) {
    const match = /^<([^>]*)>\s*;.*\brel="?next"?/.exec(part.trim());
    if (match) return Object.fromEntries(new URL(match[1], "http://server.invalid").searchParams);
  }
  return null;
}
