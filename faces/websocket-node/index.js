// Without __esModule, so that `require`, `import websocket from` and `import { server } from` all get the same names.
const {
  server,
  client,
  router,
  frame,
  request,
  connection,
  w3cwebsocket,
  deprecation,
  version,
} = require("./dist/index.js");

module.exports = { server, client, router, frame, request, connection, w3cwebsocket, deprecation, version };
