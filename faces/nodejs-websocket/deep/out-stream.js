module.exports = require("../dist/out-stream.js").OutStream;
