const { connection } = require("../dist/index.js");

module.exports = connection;
