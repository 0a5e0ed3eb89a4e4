/** Two services behind one router, `counter` anywhere and `mirror` below /mirror, and whatever has no subprotocol at /plain. Stops when its input ends. */
const http = require("node:http");
const { server: WebSocketServer, router: WebSocketRouter } = require("websocket");

const httpServer = http.createServer();
const server = new WebSocketServer({ httpServer });
const router = new WebSocketRouter();
router.attachServer(server);

router.mount("*", "counter", (request) => {
  const asked = request.webSocketRequest.requestedProtocols.join(", ");
  console.log(`${request.protocol} at ${request.resource}, asked for ${asked}`);
  const connection = request.accept(request.origin);
  let count = 0;
  connection.on("message", (message) => {
    count = message.utf8Data === "reset" ? 0 : count + 1;
    connection.sendUTF(count);
  });
  connection.on("close", (code) => console.log(`counter left with ${code} at ${count}`));
});

/** All that look into the mirror see what any of them shows. */
const mirrors = new Set();
router.mount(/^\/mirror\/?/, "mirror", (request) => {
  const cookies = request.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  const connection = request.accept(request.origin, [{ name: "seen", value: "yes", path: "/mirror" }]);
  mirrors.add(connection);
  console.log(`mirror at ${request.resource}, cookies ${cookies}, ${mirrors.size} looking`);
  connection.on("message", (message) => {
    for (const mirror of mirrors) mirror.send(message.type === "utf8" ? message.utf8Data : message.binaryData);
  });
  connection.on("close", (code) => {
    mirrors.delete(connection);
    console.log(`mirror left with ${code}`);
  });
});

router.mount("/plain", null, (request) => {
  console.log(`plain: ${request.resourceURL.pathname}`);
  request.reject(410, "plain is gone", { "X-Instead": "/mirror" });
});

httpServer.listen(0, "127.0.0.1", () => console.log(`listening on ${httpServer.address().port}`));
process.stdin.resume().on("end", () => {
  router.detachServer();
  server.shutDown();
  httpServer.close();
});
