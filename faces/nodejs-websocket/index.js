// Without __esModule, so that `require`, `import ws from` and `import { createServer } from` all get the four functions.
const { createServer, connect, setBinaryFragmentation, setMaxBufferLength } = require("./dist/index.js");

module.exports = { createServer, connect, setBinaryFragmentation, setMaxBufferLength };
