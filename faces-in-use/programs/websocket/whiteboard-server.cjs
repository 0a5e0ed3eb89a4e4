/** A whiteboard for everybody: keeps what was drawn for those who come later, and passes each stroke on to all. Stops when its input ends. */
const http = require("node:http");
const WebSocketServer = require("websocket").server;

const httpServer = http.createServer();
const server = new WebSocketServer({ httpServer, fragmentOutgoingMessages: false });
/** Everything drawn since the board was last cleared. */
let strokes = [];

server.on("request", (request) => {
  const connection = request.accept("whiteboard", request.origin);
  console.log(`joined, ${server.connections.length} at the board`);
  if (strokes.length > 0) connection.sendUTF(JSON.stringify({ command: "history", strokes }));
  connection.on("message", (message) => {
    if (message.type === "binary") {
      console.log(`a stamp of ${message.binaryData.length} bytes`);
      server.broadcastBytes(message.binaryData);
      return;
    }
    const command = JSON.parse(message.utf8Data);
    strokes = command.command === "clear" ? [] : [...strokes, command.stroke];
    console.log(`${command.command}, ${strokes.length} strokes`);
    server.broadcastUTF(message.utf8Data);
  });
  connection.on("close", (code, reason) =>
    console.log(`left: ${code} ${reason}, ${server.connections.length} at the board`),
  );
});

httpServer.listen(0, "127.0.0.1", () => console.log(`listening on ${httpServer.address().port}`));
process.stdin.resume().on("end", () => {
  server.shutDown();
  httpServer.close();
});
