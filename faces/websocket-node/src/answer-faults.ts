/**
 * Why a server's answer opens nothing, in the original's words.
 * In: the answer, what was asked for, and the core's error. Out: a text.
 */
import { createHash } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { HandshakeResponse } from "polysocket";

/** RFC 6455 §1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** An answer that is no 101. */
export function refusedText({ statusCode, statusMessage, headers }: IncomingMessage): string {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}\n`);
  return `Server responded with a non-101 status: ${statusCode} ${statusMessage}\nResponse Headers Follow:\n${fields.join("")}`;
}

/** In the order in which the original looked; undefined for what it did not look at. */
export function answerFault(
  { headers, sentHeaders }: Pick<HandshakeResponse, "headers" | "sentHeaders">,
  protocols: readonly string[],
): string | undefined {
  const { connection, upgrade, ...others } = headers as IncomingHttpHeaders;
  if (protocols.length > 0) {
    const chosen = others["sec-websocket-protocol"];
    if (!chosen) return "Expected a Sec-WebSocket-Protocol header.";
    if (!protocols.includes(chosen)) return "Server did not respond with a requested protocol.";
  }
  const isUpgrade = connection?.split(",").some((option) => option.trim().toLowerCase() === "upgrade");
  if (isUpgrade !== true) return "Expected a Connection: Upgrade header from the server";
  if (upgrade?.toLowerCase() !== "websocket") return "Expected an Upgrade: websocket header from the server";
  const accept = others["sec-websocket-accept"];
  if (!accept) return "Expected Sec-WebSocket-Accept header from server";
  const expected = acceptValue(sentHeaders);
  if (accept === expected) return undefined;
  return `Sec-WebSocket-Accept header from server didn't match expected value of ${expected}`;
}

function acceptValue(sent: HandshakeResponse["sentHeaders"]): string {
  const key = sent.find(([name]) => name === "Sec-WebSocket-Key")?.[1] ?? "";
  return createHash("sha1")
    .update(key + GUID)
    .digest("base64");
}
