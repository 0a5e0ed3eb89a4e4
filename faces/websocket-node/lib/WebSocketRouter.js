const { router } = require("../dist/index.js");

module.exports = router;
