/** Programs as they are written for the community's types; compiled with those and with ours, never run. */
import * as http from "node:http";
import {
  client as WebSocketClient,
  connection as Connection,
  deprecation,
  type frame as Frame,
  type ICloseEvent,
  type IClientConfig,
  type ICookie,
  type IMessageEvent,
  type IRouterRequest,
  type IServerConfig,
  type IStringified,
  type Message,
  type request as Request,
  router as Router,
  server as WebSocketServer,
  version,
  w3cwebsocket,
} from "websocket";

const config: IServerConfig = { httpServer: http.createServer(), keepaliveInterval: 1_000, closeTimeout: 10 };
const server = new WebSocketServer({ ...config, autoAcceptConnections: false });

server.on("request", (request: Request) => {
  const [first] = request.requestedProtocols;
  const { pathname, query } = request.resourceURL;
  console.log(pathname, query["a"], request.cookies.map(({ name, value }) => name + value).join());
  if (request.origin !== "http://a.example") {
    request.reject(403, "no", { "X-A": "b" });
    return;
  }
  const cookies: ICookie[] = [{ name: "a", value: "b", maxage: 5, secure: true }];
  const connection = request.accept(first, request.origin, cookies);
  echo(connection);
});
server.on("connect", (connection) => console.log(connection.remoteAddress.length, connection.protocol.length));
server.on("close", (connection, reason, text) => console.log(connection.connected, reason.toFixed(), text.length));
server.once("request", (request) => request.reject());
server.addListener("connect", echo);

function echo(connection: Connection): void {
  connection.on("message", (message) => {
    switch (message.type) {
      case "utf8":
        connection.sendUTF(message.utf8Data);
        break;
      case "binary":
        connection.sendBytes(message.binaryData, (error) => error && console.log(error.message));
        break;
    }
  });
  connection.on("frame", (frame: Frame) => console.log(frame.opcode, frame.binaryPayload.length, frame.fin));
  connection.on("ping", (cancel, data) => (data.length > 0 ? cancel() : undefined));
  connection.on("pong", (data) => console.log(data.length));
  connection.on("drain", () => connection.resume());
  connection.on("error", (error) => console.log(error.message));
  connection.on("close", (code: number, text: string) => console.log(code, text));
  connection.ping("x");
  connection.pause();
  connection.close(Connection.CLOSE_REASON_NORMAL, Connection.CLOSE_DESCRIPTIONS[1000]);
  connection.drop(1008, "x", true);
  connection.once("message", (message: Message) => console.log(message.type));
}

server.broadcast("text");
server.broadcastUTF({ toString: () => "text" } satisfies IStringified);
server.broadcastBytes(Buffer.from("x"));
for (const connection of server.connections) connection.sendUTF(server.pendingRequests.length);
server.shutDown();

const clientConfig: IClientConfig = { webSocketVersion: 13, tlsOptions: { rejectUnauthorized: false } };
const client = new WebSocketClient(clientConfig);
client.on("connectFailed", (error) => console.log(error.toString()));
client.on("httpResponse", (response, same) => console.log(response.statusCode, same === client));
client.on("connect", echo);
client.connect("ws://a.example/", ["chat"], "http://a.example", { "X-A": "b" }, { localAddress: "127.0.0.1" });
client.abort();

const router = new Router({ server });
router.mount("*", "chat", (request: IRouterRequest) => {
  request.on("requestAccepted", (connection) => connection.sendUTF("x"));
  request.accept(request.origin);
  console.log(request.protocol, request.webSocketRequest.key);
});
router.unmount(/x/, "chat");
router.attachServer(server);

const socket = new w3cwebsocket("ws://a.example/", "chat", "http://a.example", { "X-A": "b" }, {}, clientConfig);
socket.onopen = () => socket.send("text");
socket.onerror = (error) => console.log(error.message);
socket.onmessage = (message: IMessageEvent) => {
  if (typeof message.data === "string") console.log(message.data);
};
socket.onclose = (event: ICloseEvent) => console.log(event.code, event.wasClean, event.reason);
if (socket.readyState === w3cwebsocket.OPEN) socket.close(1000, "x");
socket.binaryType = "arraybuffer";
deprecation.disableWarnings = true;
console.log(version.length);
