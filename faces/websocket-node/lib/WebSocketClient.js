// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
const { client } = require("../dist/index.js");

module.exports = client;
