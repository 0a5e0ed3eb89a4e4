// Without __esModule, so that `require`, `import ws from` and `import { WebSocket } from` all get the two classes.
const { WebSocket, WebSocketServer } = require("./dist/index.js");

module.exports = { WebSocket, WebSocketServer };
