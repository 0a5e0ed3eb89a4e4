/**
 * The echo servers on the chat's port, as server and page both need to know them: what a program was written for, what it
 * imports now, and where it answers.
 */
export const LIBRARIES = {
  core: {
    library: "polysocket",
    about: "its own API",
    package: "polysocket",
    path: "/echo/polysocket",
  },
  websocket: {
    library: "websocket",
    about: "1.0",
    package: "@polysocket/websocket",
    path: "/echo/websocket",
    subprotocol: "echo-protocol",
  },
  nodejsWebsocket: {
    library: "nodejs-websocket",
    about: "1.7",
    package: "@polysocket/nodejs-websocket",
    path: "/echo/nodejs-websocket",
  },
  jadsonlucena: {
    library: "@jadsonlucena/websocket",
    about: "2.0",
    package: "@polysocket/jadsonlucena-websocket",
    path: "/echo/jadsonlucena-websocket",
  },
  jellysocket: {
    library: "jellysocket",
    about: "1.0, in this page too",
    package: "@polysocket/jellysocket",
    path: "/echo/jellysocket",
    subprotocol: "echo-1.0",
  },
  jsh: {
    library: "ws",
    about: "of machbase neo",
    package: "@polysocket/jsh-ws",
    path: "/echo/jsh-ws",
  },
};
