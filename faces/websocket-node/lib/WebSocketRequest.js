// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
const { request } = require("../dist/index.js");

module.exports = request;
