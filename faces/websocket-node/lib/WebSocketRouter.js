// biome-ignore-all lint/style/useFilenamingConvention: programs require it by this name
const { router } = require("../dist/index.js");

module.exports = router;
