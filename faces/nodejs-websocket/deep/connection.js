module.exports = require("../dist/connection.js").Connection;
