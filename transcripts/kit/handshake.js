/** The heads of a handshake as text (RFC 6455 §4), right ones and, on demand, wrong ones. */
import { createHash } from "node:crypto";

/** A field's value; several values make several lines, undefined leaves the field out.
 * @typedef {Record<string, string | readonly string[] | undefined>} Fields */

/** The key of RFC 6455 §1.3, so that answers are the same in each run. */
export const SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** @param {string} key
 * @returns {string} */
export function acceptOf(key) {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** @param {string} firstLine
 * @param {Fields} fields */
export function headText(firstLine, fields) {
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => `${name}: ${String(one)}`),
  );
  return `${[firstLine, ...lines].join("\r\n")}\r\n\r\n`;
}

/** A client's request; `fields` go over the ones it needs.
 * @param {{ path?: string, port: number, fields?: Fields }} options */
export function requestText({ path = "/", port, fields = {} }) {
  return headText(`GET ${path} HTTP/1.1`, {
    Host: `127.0.0.1:${port}`,
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": SAMPLE_KEY,
    "Sec-WebSocket-Version": "13",
    ...fields,
  });
}
