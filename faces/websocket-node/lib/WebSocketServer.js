// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
const { server } = require("../dist/index.js");

module.exports = server;
