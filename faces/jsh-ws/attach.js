const { attach } = require("./dist/attach.js");

module.exports = { attach };
