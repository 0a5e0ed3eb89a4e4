/** Who is measured, in the order in which a round runs them.
 * - `script`: a file in servers/ that calls `ready(port)`, and in clients/ one that calls `ready()`
 * - `protocol`: "raw" peers get the same bytes, but no WebSocket
 * - `versionOf`: packages whose versions are printed, as far as they are installed
 * - `roles`: which it takes; both if it does not say
 * - `needs`: what must exist; without it the peer is left out with a note
 * - `runtime`: the program that runs the script, if it is not this Node */
export const PEERS = [
  { name: "net", script: "net.js", protocol: "raw" },
  { name: "ws", script: "ws.js", protocol: "websocket", versionOf: ["ws", "bufferutil"] },
  {
    name: "polysocket",
    script: "polysocket.js",
    protocol: "websocket",
    versionOf: ["polysocket"],
    needs: "core/dist/esm/node/index.js",
  },
  {
    name: "WebSocket",
    script: "web-socket.js",
    protocol: "websocket",
    versionOf: ["polysocket"],
    roles: ["client"],
    needs: "core/dist/esm/node/index.js",
  },
];

/** The peer that the aims are about. */
export const SUBJECT = "polysocket";
