import { UsageError } from "../../engine/errors.ts";
import type { Connection } from "../connection/connection.ts";
import { ClientHandshake } from "./client-handshake.ts";
import { resolveClientSettings } from "./client-settings.ts";
import type { ConnectOptions } from "./connect-options.ts";
import type { Provided, ReconnectingOptions } from "./reconnect-options.ts";
import type { ReconnectingConnection } from "./reconnecting-connection.ts";

/** Open a WebSocket connection. What waits for the promise runs before the first message is handed over, also one that
 * came together with the server's response; without a message handler messages wait for `for await`.
 * @param url ws:, wss:, http: or https: (as ws: and wss:), or `ws+unix:/path/of/socket:/path`; user information in it is
 *   sent as HTTP's Basic authentication
 * @returns rejects with UsageError for wrong options; HandshakeError, with `statusCode`, `response` and its headers and
 *   body, where the server refused or broke the RFC; TransportError CONNECT_FAILED, with `cause`, where there was no
 *   server to answer; the signal's reason where that was aborted
 * @see RFC 6455 §4.1 */
export function connect<Data = undefined>(url: string | URL, options?: ConnectOptions<Data>): Promise<Connection<Data>>;
/** Open a WebSocket connection that is opened again when it is lost.
 * @param url may be a function that gives one for each attempt, as may `headers`
 * @returns resolves when it has opened first, before which attempts may fail; rejects with the last one's error where no other
 *   is to be made, with UsageError for wrong options, with the signal's reason where that was aborted */
export function connect<Data = undefined>(
  url: Provided<string | URL>,
  options: ReconnectingOptions<Data>,
): Promise<ReconnectingConnection<Data>>;
// Once more: of several signatures TypeScript's `Parameters` and `ReturnType` take the last one
export function connect<Data = undefined>(url: string | URL, options?: ConnectOptions<Data>): Promise<Connection<Data>>;
export async function connect<Data = undefined>(
  url: Provided<string | URL>,
  options: ConnectOptions<Data> | ReconnectingOptions<Data> = {},
): Promise<Connection<Data> | ReconnectingConnection<Data>> {
  if (isReconnecting(options)) {
    // Whoever does not want it does not load it
    const { connectAgain } = await import("./reconnecting.ts");
    return connectAgain(url, options);
  }
  if (typeof url === "function") throw new UsageError("the URL is a function; give one only together with reconnect");
  const settings = resolveClientSettings(options);
  return new Promise((resolve, reject) => {
    new ClientHandshake(url, settings, { opened: resolve, failed: reject }).start();
  });
}

function isReconnecting<Data>(
  options: ConnectOptions<Data> | ReconnectingOptions<Data>,
): options is ReconnectingOptions<Data> {
  return typeof options === "object" && options?.reconnect !== undefined && options.reconnect !== false;
}
