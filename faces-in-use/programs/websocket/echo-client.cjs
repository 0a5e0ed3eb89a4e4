/** Sends texts, bytes and a ping one after the other, each when the one before has come back. Arguments: URL, origin, subprotocol. */
const { createHash } = require("node:crypto");
const WebSocketClient = require("websocket").client;

const [url, origin, protocol] = process.argv.slice(2);
/** The last two are sent in several frames. */
const MESSAGES = [
  "hello",
  "",
  "grüße, 世界, \u{1f44b}",
  Buffer.alloc(0),
  Buffer.from([0, 1, 127, 128, 255]),
  "long ".repeat(20_000),
  Buffer.alloc(70_000, "0123456789"),
];

const client = new WebSocketClient();
client.on("connectFailed", (error) => console.log(`failed: ${error.toString().split("\n")[0]}`));
client.on("connect", (connection) => {
  console.log(`connected with ${connection.protocol}, ${connection.connected}`);
  let sent = 0;
  const next = () => {
    const message = MESSAGES[sent];
    sent += 1;
    if (message === undefined) connection.ping("are you there?");
    else connection.send(message);
  };
  connection.on("message", (message) => {
    const data = message.type === "utf8" ? message.utf8Data : message.binaryData;
    console.log(`${message.type} ${data.length} ${createHash("md5").update(data).digest("hex")}`);
    next();
  });
  connection.on("pong", (data) => {
    console.log(`pong: ${data}`);
    connection.close();
  });
  connection.on("error", (error) => console.log(`error: ${error.message}`));
  connection.on("close", (code, reason) =>
    console.log(`closed: ${code} ${reason}, ${connection.closeReasonCode} ${connection.connected}`),
  );
  next();
});
client.connect(url, protocol, origin);
