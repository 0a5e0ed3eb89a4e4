/** A chat: the first message of a client is its name; then all get what it says, and newcomers what was said. `kick NAME` on its input sends somebody away, its end stops it. */
const http = require("node:http");
const readline = require("node:readline");
const WebSocketServer = require("websocket").server;

const COLOURS = ["red", "green", "blue", "magenta"];
const httpServer = http.createServer();
const server = new WebSocketServer({ httpServer, autoAcceptConnections: true });
const names = new Map();
const said = [];

server.on("connect", (connection) => {
  console.log(`somebody came by ${connection.protocol}`);
  if (said.length > 0) connection.sendUTF(JSON.stringify({ type: "history", said }));
  connection.on("message", (message) => {
    const member = names.get(connection);
    if (message.type === "binary") {
      console.log(`${member.name} shows ${message.binaryData.length} bytes`);
      for (const other of names.keys()) other.sendBytes(message.binaryData);
    } else if (member === undefined) {
      const colour = COLOURS[names.size % COLOURS.length];
      names.set(connection, { name: message.utf8Data, colour });
      console.log(`${message.utf8Data} is ${colour}`);
      connection.sendUTF(JSON.stringify({ type: "colour", colour }));
    } else {
      const entry = { ...member, text: message.utf8Data };
      said.push(entry);
      console.log(`${member.name}: ${message.utf8Data}`);
      for (const other of names.keys()) other.sendUTF(JSON.stringify({ type: "message", entry }));
    }
  });
  connection.on("close", (code, reason) => {
    const { name } = names.get(connection);
    names.delete(connection);
    console.log(`${name} left: ${code} ${reason}`);
  });
});

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const [, name] = line.split(" ");
  for (const [connection, member] of names) if (member.name === name) connection.close(4001, "kicked");
});
lines.on("close", () => {
  server.shutDown();
  httpServer.close();
});
httpServer.listen(0, "127.0.0.1", () => console.log(`listening on ${httpServer.address().port}`));
