const { frame } = require("../dist/index.js");

module.exports = frame;
