// The API of @jadsonlucena/websocket: the original, and our face of it.
import { createServer } from "node:http";
import { PUBLISHER_PATH, ready, readSettings } from "../lib/ready.js";

// Each end of a connection of the original's throws this in a later turn, where nobody can catch it, and would end the process
process.on("uncaughtException", (error) => {
  if (!(error instanceof ReferenceError && error.message === "Not Found")) throw error;
});

const { library, publish, heartbeat } = readSettings();
const { default: WebSocket } = await import(library);
const httpServer = createServer();
const server = new WebSocket(httpServer, {
  // The generator's Origin; without one the original refuses everybody
  allowOrigin: "*",
  limitByIP: 0,
  maxPayload: 64 << 20,
  // Every three minutes is its default
  ...(heartbeat !== true && { pingDelay: 0 }),
});
server.on("error", () => {});
server.on("message", (id, data) => server.send(id, data));
server.on(PUBLISHER_PATH, (publisher, data) => {
  for (const id of server.clients) if (publish === "everybody" || id !== publisher) server.send(id, data);
});

httpServer.listen(0, "127.0.0.1", () => ready(httpServer.address().port));
