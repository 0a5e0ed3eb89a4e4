const { version } = require("../dist/index.js");

module.exports = version;
