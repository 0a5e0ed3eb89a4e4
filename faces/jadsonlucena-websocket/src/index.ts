/** @jadsonlucena/websocket on polysocket's engine: what `index.js` hands on. */
export { WebSocket } from "./web-socket.ts";
