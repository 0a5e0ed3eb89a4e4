/** The surface of the module `ws` of machbase neo's script shell (JSH) 8.5.2, and where @polysocket/jsh-ws differs on purpose. npm's
 * `ws` is another library. */
import { same } from "./surface.js";

/** @typedef {import("./surface.js").Surface} Surface */

const LIMITS =
  "messages above 16 MiB, and more than 64 MiB that wait for a peer, end the connection; there was no limit";
const REFUSES = "a promise refuses the handshake with 500; it was taken for a yes";

/** @type {Surface} */
export const surface = {
  exports: { WebSocket: { gives: "class:socket" }, WebSocketServer: { gives: "class:server" } },
  types: {},
  kinds: {
    socket: {
      members: {
        ...same("url protocol"),
        readyState: {
          note: "is CLOSED after the peer's close and after a failed connection; it stayed OPEN or CONNECTING",
        },
        send: { note: "bytes go out as binary; they went as text" },
        close: {
          note: "says 1000 in a Close frame, and before the connection is up gives it up; TCP was cut, and connecting went on",
        },
      },
      statics: same("CONNECTING OPEN CLOSING CLOSED TextMessage BinaryMessage"),
      events: {
        ...same("open error"),
        message: { note: "`data` of a binary message is a Buffer" },
        close: { note: "comes once; a local close() could give a second one, and an error" },
      },
    },
    server: {
      options: "server",
      members: {
        ...same("server path options closed"),
        clients: { gives: "socket[]" },
        close: { note: "later handshakes get 503; they were completed and dropped" },
      },
      events: { ...same("close error"), connection: { calls: ["socket", "request"] } },
    },
    request: {
      members: {
        ...same("url requestUri method host rawHeaders httpVersion complete remoteAddress socket"),
        ...same("path query getHeader hasHeader"),
        headers: { note: "has `host` as well" },
      },
      events: {},
    },
  },
  options: {
    server: {
      path: { note: "begins with a slash and is compared as it is; patterns such as `:name` were possible" },
      server: { note: "is Node's http or https server" },
      clientTracking: {},
      verifyClient: { note: REFUSES },
      handleProtocols: { note: `${REFUSES}. A subprotocol that was not asked for is left out; it was sent` },
    },
  },
  paths: { ".": { note: LIMITS }, "package.json": {} },
};
