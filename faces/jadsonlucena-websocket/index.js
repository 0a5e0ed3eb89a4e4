// The class itself, without __esModule, so that `require` and `import WebSocket from` both get it.
const { WebSocket } = require("./dist/index.js");

module.exports = WebSocket;
