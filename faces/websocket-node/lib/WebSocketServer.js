const { server } = require("../dist/index.js");

module.exports = server;
