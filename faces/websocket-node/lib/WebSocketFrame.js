// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
const { frame } = require("../dist/index.js");

module.exports = frame;
