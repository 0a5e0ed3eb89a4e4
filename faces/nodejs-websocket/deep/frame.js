module.exports = { ...require("../dist/frame.js") };
