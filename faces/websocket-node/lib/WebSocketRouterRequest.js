const { routerRequest } = require("../dist/index.js");

module.exports = routerRequest;
