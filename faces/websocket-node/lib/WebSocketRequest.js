const { request } = require("../dist/index.js");

module.exports = request;
