/** The surface of `nodejs-websocket` 1.7.2, and where @polysocket/nodejs-websocket differs on purpose. */
import { noted, same } from "./surface.js";

/** @typedef {import("./surface.js").Surface} Surface */

const INSIDE = "an inner part of the original, which the face does not promise";
const COPIED = "the object given is not changed; host and port were written into it";

/** @type {Surface} */
export const surface = {
  exports: {
    createServer: {
      returns: "server",
      options: "server",
      calls: ["connection"],
      note: "undefined or null instead of options means none; it was a TypeError",
    },
    connect: {
      returns: "connection",
      options: "client",
      optionsAt: 1,
      calls: [],
      note: `Host has the port unless it is the default; it was left out. ${COPIED}`,
    },
    ...same("setBinaryFragmentation setMaxBufferLength"),
  },
  types: {},
  kinds: {
    server: {
      members: {
        socket: {},
        connections: { gives: "connection[]" },
        listen: { returns: "server", note: "the callback is called once; it stayed as a listener" },
        close: {},
      },
      events: { ...same("listening close error"), connection: { calls: ["connection"] } },
    },
    connection: {
      members: {
        ...same("socket path headers protocols protocol key outStream host extraHeaders"),
        ...same("CONNECTING OPEN CLOSING CLOSED sendPing beginBinary"),
        server: { gives: "server" },
        readyState: { note: "is CLOSED during and after `close`; it was undefined in the end" },
        sendText: { note: "a callback that is no function is ignored; it was an error with newer Node" },
        sendBinary: { note: "a Uint8Array is accepted on clients too; only a Buffer was" },
        send: {},
        close: {
          note: "reasons over 123 bytes never go out whole; a silent peer is left after a while; `close` comes once",
        },
        ...noted("buffer frameBuffer doRead startHandshake readHandshake readHeaders checkHandshake", INSIDE),
        ...noted("answerHandshake extractFrame processFrame processCloseFrame buildRequest", INSIDE),
      },
      events: {
        ...same("connect binary pong"),
        text: { note: "bytes that are no UTF-8 end the connection with 1007; they became replacement characters" },
        close: { note: "comes once per connection; every close() and every bad frame emitted it again" },
        error: { note: "close() before the connection is up gives none; it gave `write after end`" },
      },
    },
  },
  options: {
    // `*`: the others go to net.createServer or tls.createServer, net.connect or tls.connect.
    server: {
      ...same("* secure validProtocols"),
      selectProtocol: { note: "when it throws, the handshake is refused; it ended the process" },
    },
    client: same("* extraHeaders protocols"),
  },
  paths: {
    index: { gives: "module" },
    "package.json": {},
    Connection: { gives: "class:connection" },
    Server: { gives: "class:server" },
    ...same("frame InStream OutStream"),
  },
};
