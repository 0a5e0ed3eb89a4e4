/** Says the lines of its input; leaves without a word at its end. Arguments: URL, nickname, subprotocols after commas. */
const readline = require("node:readline");
const ws = require("nodejs-websocket");

const [url, nickname, protocols] = process.argv.slice(2);
const connection = ws.connect(url, { protocols: protocols ? protocols.split(",") : undefined });
connection.on("connect", () => {
  console.log(`open with ${connection.protocol}`);
  connection.sendText(nickname);
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => connection.send(line));
  lines.on("close", () => connection.close(1000));
});
connection.on("text", (text) => console.log(text));
connection.on("error", (error) => console.log(`error: ${error.message}`));
connection.on("close", (code, reason) => {
  console.log(`closed: ${code} ${reason || "without a reason"}`);
  process.stdin.destroy();
});
