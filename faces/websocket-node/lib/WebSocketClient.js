const { client } = require("../dist/index.js");

module.exports = client;
