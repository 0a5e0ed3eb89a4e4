import type { Connection } from "../connection/connection.ts";
import { ClientHandshake } from "./client-handshake.ts";
import { resolveClientSettings } from "./client-settings.ts";
import type { ConnectOptions } from "./connect-options.ts";

/** Open a WebSocket connection. What waits for the promise runs before the first message is handed over, also one that
 * came together with the server's response; without a message handler messages wait for `for await`.
 * @param url ws:, wss:, http: or https: (as ws: and wss:), or `ws+unix:/path/of/socket:/path`; user information in it is
 *   sent as HTTP's Basic authentication
 * @returns rejects with UsageError for wrong options; HandshakeError, with `statusCode`, `response` and its headers and
 *   body, where the server refused or broke the RFC; TransportError CONNECT_FAILED, with `cause`, where there was no
 *   server to answer; the signal's reason where that was aborted
 * @see RFC 6455 §4.1 */
export async function connect<Data = undefined>(
  url: string | URL,
  options: ConnectOptions<Data> = {},
): Promise<Connection<Data>> {
  const settings = resolveClientSettings(options);
  return new Promise((resolve, reject) => {
    new ClientHandshake(url, settings, { opened: resolve, failed: reject }).start();
  });
}
