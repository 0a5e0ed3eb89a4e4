// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
const { connection } = require("../dist/index.js");

module.exports = connection;
