/** Sends back what comes, to clients of one origin that speak `echo-protocol`; refuses all others. Stops when its input ends. */
const http = require("node:http");
const WebSocketServer = require("websocket").server;

const httpServer = http.createServer((_request, response) => {
  response.writeHead(404);
  response.end();
});
const server = new WebSocketServer({ httpServer, autoAcceptConnections: false });

server.on("request", (request) => {
  console.log(`${request.resource} asks for ${request.requestedProtocols.join(", ")}, from ${request.origin}`);
  if (request.origin !== "http://echo.example") return request.reject(403, "no clients of others");
  if (!request.requestedProtocols.includes("echo-protocol")) return request.reject();
  const connection = request.accept("echo-protocol", request.origin);
  console.log(
    `accepted ${connection.remoteAddress} with ${connection.protocol}, ${server.connections.length} connected`,
  );
  connection.on("message", (message) => {
    if (message.type === "utf8") {
      console.log(`text of ${message.utf8Data.length}`);
      connection.sendUTF(message.utf8Data);
    } else {
      console.log(`binary of ${message.binaryData.length}`);
      connection.sendBytes(message.binaryData);
    }
  });
  connection.on("close", (code, reason) => console.log(`connection closed: ${code} ${reason}`));
});
server.on("close", (connection, code) => console.log(`${connection.protocol} left with ${code}`));

httpServer.listen(0, "127.0.0.1", () => console.log(`listening on ${httpServer.address().port}`));
process.stdin.resume().on("end", () => {
  server.shutDown();
  httpServer.close();
});
