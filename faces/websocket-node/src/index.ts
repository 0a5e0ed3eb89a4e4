/** What the package exports, under the names that it always had. */
export { WebSocketClient as client } from "./client.ts";
export { WebSocketConnection as connection } from "./connection.ts";
export { deprecation } from "./deprecation.ts";
export { WebSocketFrame as frame } from "./frame.ts";
export { WebSocketRequest as request } from "./request.ts";
export { WebSocketRouter as router } from "./router.ts";
export { WebSocketRouterRequest as routerRequest } from "./router-request.ts";
export { WebSocketServer as server } from "./server.ts";
export { version } from "./version.ts";
export { W3CWebSocket as w3cwebsocket } from "./w3c-web-socket.ts";
