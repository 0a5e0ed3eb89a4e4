/** The four functions of nodejs-websocket. */
import { connectTo } from "./client.ts";
import type { Connection } from "./connection.ts";
import type { ConnectOptions, ServerOptions } from "./options.ts";
import { Server } from "./server.ts";

export { setBinaryFragmentation, setMaxBufferLength } from "./shared-limits.ts";

type OnConnection = (connection: Connection) => void;
type OnConnect = (this: Connection) => void;

/** Make a server; it does not listen yet.
 * @param callback added as a listener of `connection` */
export function createServer(options?: ServerOptions | OnConnection | null, callback?: OnConnection): Server {
  if (typeof options === "function") return new Server(false, {}, options);
  return new Server(Boolean(options?.secure), options ?? {}, callback);
}

/** Dial a server.
 * @param callback called once, with the event `connect`
 * @throws Error for a URL that is not ws: or wss: */
export function connect(
  url: string | URL,
  options?: ConnectOptions | OnConnect | null,
  callback?: OnConnect,
): Connection {
  const [given, listener] = typeof options === "function" ? [{}, options] : [options ?? {}, callback];
  const connection = connectTo(url, given);
  if (typeof listener === "function") connection.once("connect", listener);
  return connection;
}
