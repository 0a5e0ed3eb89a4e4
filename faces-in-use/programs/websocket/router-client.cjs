/** Sends the lines of its input and prints what comes; goes away at its end. Arguments: URL, subprotocols after commas, cookies. */
const readline = require("node:readline");
const WebSocketClient = require("websocket").client;

const [url, protocols, cookies] = process.argv.slice(2);
const client = new WebSocketClient();
client.on("httpResponse", (response) =>
  console.log(
    `answer ${response.statusCode} ${response.headers["x-websocket-reject-reason"]} ${response.headers["x-instead"]}`,
  ),
);
client.on("connectFailed", (error) => console.log(`failed: ${error.toString().split("\n")[0]}`));
client.on("connect", (connection) => {
  console.log(`speaks ${connection.protocol}`);
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => connection.sendUTF(line));
  lines.on("close", () => connection.close(4000, "seen enough"));
  connection.on("message", (message) => console.log(`${message.type} ${message.utf8Data}`));
  connection.on("close", (code, reason) => {
    console.log(`closed: ${code} ${reason}`);
    process.stdin.destroy();
  });
});
client.connect(url, protocols ? protocols.split(",") : [], null, cookies ? { Cookie: cookies } : {});
