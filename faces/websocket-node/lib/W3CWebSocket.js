// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
const { w3cwebsocket } = require("../dist/index.js");

module.exports = w3cwebsocket;
