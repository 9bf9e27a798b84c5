// A server of a test, with requests and WebSockets, and the clients of it.

import {createHash} from "node:crypto";
import {createServer} from "node:http";
import {after} from "node:test";
import {makeApi} from "../../src/minichat/web/scripts/api/api.js";
import {makeClient} from "../../src/minichat/web/scripts/api/client.js";
import {makeSession} from "../../src/minichat/web/scripts/api/session.js";
import {makeLocal} from "../../src/minichat/web/scripts/storage/local.js";

/**
 * @typedef {import("node:http").IncomingMessage} Request
 * @typedef {import("node:http").ServerResponse} Response
 * @typedef {object} Socket The server's side.
 * @property {(message: unknown) => void} send
 * @property {() => void} close
 * @property {Promise<string>} heard The first frame of the client.
 * @property {Promise<void>} ended The client has closed.
 */

/** A browser without storage. */
export const memoryOnly = () =>
  makeLocal(() => {
    throw new Error("blocked");
  });

/**
 * @param {(request: Request, response: Response) => void} handle
 * @param {(url: string, socket: Socket) => void} [onSocket] Sockets are refused without it.
 */
export async function serve(handle, onSocket) {
  const server = createServer(handle);
  if (onSocket) server.on("upgrade", (request, socket) => onSocket(request.url ?? "", accept(request, socket)));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const {port} = /** @type {import("node:net").AddressInfo} */ (server.address());
  return new URL(`http://127.0.0.1:${port}/chat/`);
}

/**
 * Accept a WebSocket, as RFC 6455 says. The test sends and receives short frames of text.
 * @param {Request} request
 * @param {import("node:stream").Duplex} stream
 * @returns {Socket}
 */
function accept(request, stream) {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const proof = createHash("sha1").update(key).digest("base64");
  stream.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`,
  );
  stream.on("error", () => {});
  after(() => stream.destroy());
  const heard = new Promise((resolve) =>
    stream.on("data", (frame) => {
      if (frame[0] !== 0x81) return;
      const mask = frame.subarray(2, 6);
      const text = frame.subarray(6, 6 + (frame[1] & 0x7f));
      resolve(
        Buffer.from(text.map((/** @type {number} */ byte, /** @type {number} */ at) => byte ^ mask[at % 4])).toString(),
      );
    }),
  );
  const ended = new Promise((resolve) =>
    stream.on("data", (frame) => {
      if (frame[0] === 0x88) resolve(undefined);
    }),
  );
  return {
    send(message) {
      const text = Buffer.from(JSON.stringify(message));
      stream.write(Buffer.concat([Buffer.from([0x81, 126, text.length >> 8, text.length & 0xff]), text]));
    },
    close: () => stream.destroy(),
    heard,
    ended,
  };
}

/** @type {(response: Response, status: number, body?: unknown, headers?: Record<string, string>) => void} */
export function answer(response, status, body, headers = {}) {
  response.writeHead(status, {"Content-Type": "application/json", ...headers});
  response.end(body === undefined ? "" : JSON.stringify(body));
}

/** @param {URL} base */
export function clientOf(base, local = memoryOnly()) {
  const session = makeSession({base, local});
  const client = makeClient({base, session, language: () => "ru"});
  return {session, client, api: makeApi(client), local};
}
