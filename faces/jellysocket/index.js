// Without __esModule, so that `require` and `import JellySocket from` both get the class itself.
const { JellySocket, Application } = require("./dist/index.js");

module.exports = JellySocket;
module.exports.Application = Application;
