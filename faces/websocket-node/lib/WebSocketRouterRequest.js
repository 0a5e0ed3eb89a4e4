// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
const { routerRequest } = require("../dist/index.js");

module.exports = routerRequest;
