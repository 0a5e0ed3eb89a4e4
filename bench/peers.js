/** Who is measured, in the order in which a round runs them.
 * - `script`: a file in servers/ that calls `ready(port)`, and in clients/ one that calls `ready()`
 * - `protocol`: "raw" peers get the same bytes, but no WebSocket
 * - `versionOf`: packages whose versions are printed, as far as they are installed
 * - `roles`: which it takes; both if it does not say
 * - `library`: what the script imports, where one script is for several peers
 * - `needs`: what must exist; without it the peer is left out with a note
 * - `runtime`: the program that runs the script, if it is not this Node
 * - `http2`: it is reached over HTTP/2, and takes part only where a scenario names it
 * - `onlyNamed`: it takes part only where a scenario names it, because it wants something of its clients, or is no peer for all messages
 * - `onRequest`: measured only where it is named, on the command line or by a scenario, or with --all-peers */
export const PEERS = [
  { name: "net", script: "net.js", protocol: "raw" },
  { name: "ws", script: "ws.js", protocol: "websocket", versionOf: ["ws", "bufferutil"] },
  {
    name: "bun",
    script: "bun.js",
    protocol: "websocket",
    versionOf: ["bun"],
    roles: ["server"],
    // The program itself, not what a package manager may put in front of it: its process is the one that is measured
    needs: "bench/node_modules/bun/bin/bun.exe",
    runtime: "bench/node_modules/bun/bin/bun.exe",
  },
  {
    name: "polysocket",
    script: "polysocket.js",
    protocol: "websocket",
    versionOf: ["polysocket"],
    needs: "core/dist/esm/node/index.js",
  },
  { name: "http2", script: "http2.js", protocol: "raw", roles: ["server"], http2: true },
  {
    name: "polysocket-h2",
    script: "polysocket-h2.js",
    protocol: "websocket",
    versionOf: ["polysocket"],
    roles: ["server"],
    needs: "core/dist/esm/node/index.js",
    http2: true,
  },
  ...["removed", "idle", "observed"].map((library) => ({
    name: `channels-${library}`,
    script: "channels.js",
    protocol: "websocket",
    versionOf: ["polysocket"],
    roles: ["server"],
    library,
    needs: "core/dist/esm/node/index.js",
    onlyNamed: true,
    onRequest: true,
  })),
  {
    name: "polysocket.WebSocket",
    script: "web-socket.js",
    protocol: "websocket",
    versionOf: ["polysocket"],
    roles: ["client"],
    needs: "core/dist/esm/node/index.js",
    onRequest: true,
  },
  {
    name: "websocket",
    script: "websocket.js",
    protocol: "websocket",
    versionOf: ["websocket"],
    library: "websocket",
    needs: "bench/node_modules/websocket",
    onRequest: true,
  },
  {
    name: "@polysocket/websocket",
    script: "websocket.js",
    protocol: "websocket",
    versionOf: ["@polysocket/websocket"],
    library: "@polysocket/websocket",
    needs: "faces/websocket-node/dist/index.js",
    onRequest: true,
  },
  {
    name: "nodejs-websocket",
    script: "nodejs-websocket.js",
    protocol: "websocket",
    versionOf: ["nodejs-websocket"],
    library: "nodejs-websocket",
    needs: "bench/node_modules/nodejs-websocket",
    onRequest: true,
  },
  {
    name: "@polysocket/nodejs-websocket",
    script: "nodejs-websocket.js",
    protocol: "websocket",
    versionOf: ["@polysocket/nodejs-websocket"],
    library: "@polysocket/nodejs-websocket",
    needs: "faces/nodejs-websocket/dist/index.js",
    onRequest: true,
  },
  {
    name: "@jadsonlucena/websocket",
    script: "jadsonlucena-websocket.js",
    protocol: "websocket",
    versionOf: ["@jadsonlucena/websocket"],
    roles: ["server"],
    library: "@jadsonlucena/websocket",
    needs: "node_modules/@jadsonlucena/websocket",
    onlyNamed: true,
    onRequest: true,
  },
  {
    name: "@polysocket/jadsonlucena-websocket",
    script: "jadsonlucena-websocket.js",
    protocol: "websocket",
    versionOf: ["@polysocket/jadsonlucena-websocket"],
    roles: ["server"],
    library: "@polysocket/jadsonlucena-websocket",
    needs: "faces/jadsonlucena-websocket/dist/index.js",
    onlyNamed: true,
    onRequest: true,
  },
  {
    name: "@polysocket/jellysocket",
    script: "jellysocket.js",
    protocol: "websocket",
    versionOf: ["@polysocket/jellysocket"],
    needs: "faces/jellysocket/dist/index.js",
    onlyNamed: true,
    onRequest: true,
  },
  {
    name: "@polysocket/jsh-ws",
    script: "jsh-ws.js",
    protocol: "websocket",
    versionOf: ["@polysocket/jsh-ws"],
    needs: "faces/jsh-ws/dist/index.js",
    onlyNamed: true,
    onRequest: true,
  },
];

/** The peer that the aims are about, where a scenario does not say otherwise. */
export const SUBJECT = "polysocket";
