const { deprecation } = require("../dist/index.js");

module.exports = deprecation;
