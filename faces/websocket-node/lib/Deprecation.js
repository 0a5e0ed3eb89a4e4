// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
const { deprecation } = require("../dist/index.js");

module.exports = deprecation;
