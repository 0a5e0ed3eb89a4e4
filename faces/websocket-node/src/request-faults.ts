import type { IncomingMessage } from "node:http";
import type { HandshakeError } from "polysocket";
import { illegalCharacterIn, subprotocolsIn } from "./subprotocol-names.ts";

/** What is wrong with a handshake, and with what to answer it. */
export interface HandshakeFault extends Error {
  httpCode?: number;
  headers?: Record<string, string>;
}

/** The original's errors, in its order, then the core's.
 * @param error what the core says */
export function handshakeFault(
  { headers, httpVersion }: IncomingMessage,
  error: HandshakeError | undefined,
): HandshakeFault | undefined {
  if (!headers.host) return new Error("Client must provide a Host header.");
  const isHttp2 = httpVersion === "2.0";
  if (!headers["sec-websocket-key"] && !isHttp2) {
    return new Error("Client must provide a value for Sec-WebSocket-Key.");
  }
  const version = Number.parseInt(headers["sec-websocket-version"] ?? "", 10);
  if (Number.isNaN(version)) return new Error("Client must provide a value for Sec-WebSocket-Version.");
  if (version !== 13 && version !== 8) return unsupported(version);
  // The application decides about a client that offers what is no name, too; `accept` does not open it
  if (error === undefined || (error.code === "SUBPROTOCOL_INVALID" && offersNoName(headers))) return undefined;
  return Object.assign(new Error(error.message, { cause: error }), { httpCode: error.statusCode || 400 });
}

function offersNoName(headers: IncomingMessage["headers"]): boolean {
  return subprotocolsIn(headers).some((name) => name !== "" && illegalCharacterIn(name) !== undefined);
}

function unsupported(version: number): HandshakeFault {
  const text = `Unsupported websocket client version: ${version}. Only versions 8 and 13 are supported.`;
  return Object.assign(new Error(text), { httpCode: 426, headers: { "Sec-WebSocket-Version": "13" } });
}
