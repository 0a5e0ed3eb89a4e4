/** A chat: the first text of a client is its nickname, all others go to everybody. Stops when its input ends, and sends all away. */
const ws = require("nodejs-websocket");

const server = ws.createServer({ validProtocols: ["chat", "gossip"] }, (connection) => {
  console.log(`somebody came, asks for ${connection.protocols.join(", ")}, gets ${connection.protocol}`);
  let nickname;
  connection.on("text", (text) => {
    if (nickname === undefined) {
      nickname = text;
      broadcast(`${nickname} entered`);
    } else broadcast(`[${nickname}] ${text}`);
  });
  connection.on("close", (code, reason) => {
    console.log(`${nickname} closed: ${code} ${reason || "without a reason"}`);
    broadcast(`${nickname} left`);
  });
});

/** @param {string} text */
function broadcast(text) {
  console.log(`to ${server.connections.length}: ${text}`);
  for (const connection of server.connections) connection.sendText(text);
}

server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.socket.address().port}`));
process.stdin.resume().on("end", () => {
  server.removeAllListeners("connection");
  for (const connection of [...server.connections]) {
    connection.removeAllListeners("close");
    connection.close(1001, "the chat is over");
  }
  server.close(() => console.log("stopped"));
});
