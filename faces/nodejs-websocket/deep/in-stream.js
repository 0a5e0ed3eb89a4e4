module.exports = require("../dist/in-stream.js").InStream;
