/** The two classes of JSH's module `ws`. */
export { WebSocket } from "./web-socket.ts";
export { WebSocketServer } from "./web-socket-server.ts";
