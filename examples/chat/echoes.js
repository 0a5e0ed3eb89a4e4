/**
 * Six echo servers in one process and on one port: one for polysocket's own API, and five as they are written for older
 * libraries. Of those, only the name in the import is new.
 * In: the http server. Out: how to end them.
 */
import JadsonWebSocket from "@polysocket/jadsonlucena-websocket"; // was "@jadsonlucena/websocket"
import JellySocket from "@polysocket/jellysocket"; // was "jellysocket"
import { WebSocketServer as JshServer } from "@polysocket/jsh-ws"; // was "ws", in machbase neo's shell
import nodejsWebsocket from "@polysocket/nodejs-websocket"; // was "nodejs-websocket"
import { server as WebsocketServer } from "@polysocket/websocket"; // was "websocket"
import { attach } from "polysocket";
import { makeEchoSocket } from "./public/echo-socket.js";
import { LIBRARIES } from "./public/libraries.js";
import { SharedPort } from "./shared-port.js";

const MAX_BYTES = 16 * 1024;

/** @returns {() => void} closes every connection */
export function serveEchoes(server) {
  const port = new SharedPort(server);
  const ends = [
    serveCore(server),
    serveWebsocket(port),
    serveNodejsWebsocket(port),
    serveJadsonlucena(port),
    serveJellysocket(server),
    serveJsh(server),
  ];
  // Last: whatever nobody took
  server.on("upgrade", JellySocket.Application.upgradeNotFound);
  return () => {
    for (const end of ends) end();
  };
}

function serveCore(server) {
  const attachment = attach(server, {
    path: LIBRARIES.core.path,
    limits: { maxMessageBytes: MAX_BYTES },
    message: (connection, message) => connection.send(message),
  });
  return () => attachment.close();
}

function serveWebsocket(port) {
  const { path, subprotocol } = LIBRARIES.websocket;
  const server = new WebsocketServer({ httpServer: port.httpServerFor(path), maxReceivedMessageSize: MAX_BYTES });
  server.on("request", (request) => {
    if (!request.requestedProtocols.includes(subprotocol)) {
      request.reject(400, `It speaks ${subprotocol}.`);
      return;
    }
    const connection = request.accept(subprotocol, request.origin);
    connection.on("message", (message) => connection.sendUTF(message.utf8Data ?? ""));
  });
  return () => server.shutDown();
}

function serveNodejsWebsocket(port) {
  const server = nodejsWebsocket.createServer((connection) => {
    connection.on("text", (text) => connection.sendText(text));
    // As in its README: how a page left is of no interest, but somebody has to listen
    connection.on("error", () => {});
  });
  port.handSocketsTo(server.socket, LIBRARIES.nodejsWebsocket.path);
  return () => {
    for (const connection of server.connections) connection.close();
  };
}

function serveJadsonlucena(port) {
  const { path } = LIBRARIES.jadsonlucena;
  const webSocket = new JadsonWebSocket(port.httpServerFor(path), { maxPayload: MAX_BYTES });
  webSocket.on(path, (clientId, data) => webSocket.send(clientId, data));
  return () => {
    for (const clientId of webSocket.clients) webSocket.close(clientId);
  };
}

function serveJellysocket(server) {
  const { path, subprotocol } = LIBRARIES.jellysocket;
  const EchoSocket = makeEchoSocket(JellySocket, subprotocol);
  const application = new JellySocket.Application(server, EchoSocket, { path, maxPayload: MAX_BYTES });
  application.on("connection", (socket) => socket.on("text", (text) => socket.sendText(text)));
  return () => application.disconnect();
}

function serveJsh(server) {
  const { path } = LIBRARIES.jsh;
  const webSocketServer = new JshServer({ server, path, limits: { maxMessageBytes: MAX_BYTES } });
  webSocketServer.on("connection", (socket) => socket.on("message", ({ data }) => socket.send(data)));
  return () => webSocketServer.close();
}
