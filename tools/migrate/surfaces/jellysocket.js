/** The surface of `jellysocket` 1.0.8. The package is gone from npm, and its page is all that there is: a note says what
 * @polysocket/jellysocket does where the page is silent. */
import { same } from "./surface.js";

/** @typedef {import("./surface.js").Surface} Surface */

const SILENT = "the original's page does not tell";
const PROTOCOL = `missing, empty or no HTTP token: a TypeError, and a class's own field comes too late; ${SILENT}`;
const LIMIT = `messages above 1 MiB end the connection with 1009 unless \`maxPayload\` says otherwise; ${SILENT}`;

/** @type {Surface} */
export const surface = {
  exports: {},
  types: {},
  kinds: {
    socket: {
      options: "socket",
      optionsAt: 1,
      members: {
        ...same("connected bufferedAmount"),
        protocol: { note: PROTOCOL },
        disconnect: { note: `an error goes to the other end as its message alone, 123 bytes at most; ${SILENT}` },
        _send: { note: `throws while connecting, and does nothing after the end; ${SILENT}` },
      },
      statics: { Application: { gives: "class:application" } },
      events: {
        ...same("connect _message"),
        disconnect: { note: `comes when connecting failed, too, and nothing is emitted as \`error\`; ${SILENT}` },
      },
    },
    application: {
      options: "application",
      optionsAt: 2,
      members: {
        ...same("isLocked server unlock"),
        lock: { note: `new clients get 503, also those that verifyClient is busy with; ${SILENT}` },
        disconnect: {},
        clients: { gives: "socket[]", note: `add, delete and clear throw a TypeError; ${SILENT}` },
      },
      statics: {
        upgradeNotFound: {
          note: `leaves alone what another module has begun to read from, and what verifyClient is busy with; ${SILENT}`,
        },
      },
      events: { connection: { calls: ["socket"] }, vacant: {} },
    },
  },
  options: {
    // `*`: the others go to the client.
    socket: same("*"),
    application: {
      path: {},
      verifyClient: { note: `without a callback only \`true\` accepts, so a promise refuses; ${SILENT}` },
      heartbeat: {},
      maxMissedHeartbeats: { note: "the page has lost the option's name: this one is the face's" },
    },
  },
  paths: { ".": { gives: "class:socket", note: LIMIT }, "package.json": {} },
};
