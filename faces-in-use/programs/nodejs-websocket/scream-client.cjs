/** Tells the lines of its input, then pings, then leaves. Argument: URL. */
const readline = require("node:readline");
const ws = require("nodejs-websocket");

const connection = ws.connect(process.argv[2], { extraHeaders: { "User-Agent": "scream/1" } }, () => {
  console.log(`open: ${connection.readyState === connection.OPEN}, server ${connection.server}`);
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => connection.sendText(line, () => console.log("told")));
  lines.on("close", () => connection.sendPing("still there?"));
});
connection.on("text", (text) => console.log(`heard ${text.length}: ${text.slice(-20)}`));
connection.on("pong", (data) => {
  console.log(`pong: ${data}`);
  connection.close(1000, "enough");
});
connection.on("error", (error) => console.log(`error: ${error.message}`));
connection.on("close", (code, reason) => {
  console.log(`closed: ${code} ${reason}`);
  process.stdin.destroy();
});
