const { w3cwebsocket } = require("../dist/index.js");

module.exports = w3cwebsocket;
