// The echo of polysocket.js: without diagnostics channels, with them, and with somebody who listens to all.
import { subscribe } from "node:diagnostics_channel";
import { ready, readSettings } from "../lib/ready.js";
import { withoutChannels } from "../lib/without-channels.js";

const { library } = readSettings();
const { serve } = await import(library === "removed" ? withoutChannels() : "polysocket");

if (library === "observed") {
  for (const name of ["upgrade", "open", "message", "close", "error", "drop"])
    subscribe(`polysocket:${name}`, () => {});
}

const server = await serve({
  port: 0,
  host: "127.0.0.1",
  origins: "any",
  limits: { maxMessageBytes: 64 << 20 },
  compression: false,
  message(connection, message) {
    connection.send(message);
  },
});
ready(Number(new URL(server.url).port));
