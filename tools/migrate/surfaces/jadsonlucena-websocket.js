/** The surface of `@jadsonlucena/websocket` 2.0.0, and where @polysocket/jadsonlucena-websocket differs on purpose. */
import { noted, same } from "./surface.js";

/** @typedef {import("./surface.js").Surface} Surface */

const CRASHES =
  "the end of a connection, and a request without Origin, Host or key, end nothing; each ended the process with an uncaught error";
const TIMER = "does not keep the process alive, and stops with the HTTP server";
const WRONG_TYPE = "of a wrong type in the constructor: the default; the property became undefined";

/** @type {Surface} */
export const surface = {
  exports: {},
  types: {},
  kinds: {
    server: {
      options: "server",
      optionsAt: 1,
      members: {
        ...same("clients encoding maxPayload pongTimeout bytesRead bytesWritten readyState isPaused pause resume"),
        allowOrigin: { note: "origins are compared as a whole; the server's own was looked for anywhere in the text" },
        limitByIP: { note: "counts handshakes under way; many at the same time passed it" },
        pingDelay: { note: TIMER },
        sessionExpires: {
          note: "is obeyed, 0 too; only what is a UUID is taken from the cookie, which was taken as it was",
        },
        setEncoding: { note: "sets how this client's text is read; it threw always" },
        ...noted("setKeepAlive setNoDelay", "false for a client over HTTP/2, where there is no socket of its own"),
        url: { note: "of a client whose Origin is no URL: made from Host; it threw" },
        close: { note: "says 1000 in a Close frame and `close` is emitted; TCP was ended, without an event" },
        ping: {
          note: "each ping has its own deadline, and a pong answers those before it; healthy clients were closed",
        },
        send: {
          note: "an encoding says how the string becomes bytes, as documented, and is utf8 unless given; it was ignored. No text that is not UTF-8 goes out: it is sent as binary",
        },
      },
      events: {
        open: {},
        "/*": { note: "a text in fragments is a string; it was a Buffer" },
        message: { note: "a text in fragments is a string; it was a Buffer" },
        close: {
          note: "comes once, with the peer's own code; it came never or twice, and said 1000. What RFC 6455 forbids is 1003; most of it was accepted",
        },
        error: {
          note: "without a listener nothing is thrown; of a listener's rejected promise it has the client's ID too",
        },
      },
    },
  },
  options: {
    server: {
      ...noted("encoding maxPayload pongTimeout", WRONG_TYPE),
      allowOrigin: { note: "origins are compared as a whole; the server's own was looked for anywhere in the text" },
      limitByIP: { note: "counts handshakes under way; many at the same time passed it" },
      pingDelay: { note: TIMER },
      sessionExpires: {
        note: "is obeyed, 0 too; only what is a UUID is taken from the cookie, which was taken as it was",
      },
    },
  },
  paths: {
    ".": { gives: "class:server", note: CRASHES },
    "package.json": {},
    "src/WebSocket": { gives: "class:server", note: CRASHES },
    "getCookies.mjs/getCookies": { note: "an inner part of the original, which the face does not promise" },
  },
};
