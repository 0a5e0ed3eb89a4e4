import { serve } from "polysocket";
import { PUBLISHER_PATH, ready, readSettings } from "../lib/ready.js";

const { publish, deflate, heartbeat } = readSettings();
const DEFLATE = {
  takeover: ({ level }) => ({
    thresholdBytes: 0,
    level,
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    clientMaxWindowBits: 15,
  }),
  usual: () => true,
};

const echo = {
  message(connection, message) {
    connection.send(message);
  },
};
const publishing = {
  open(connection) {
    if (connection.path !== PUBLISHER_PATH) connection.subscribe("all");
  },
  message(_connection, message) {
    server.publish("all", message);
  },
};

const server = await serve({
  port: 0,
  host: "127.0.0.1",
  origins: "any",
  limits: { maxMessageBytes: 64 << 20 },
  // Measured, but never reached
  rate: { messagesPerSecond: 1e9, bytesPerSecond: 1e12 },
  compression: deflate ? DEFLATE[deflate.mode](deflate) : false,
  ...(heartbeat === false && { heartbeat }),
  ...(publish ? publishing : echo),
});
ready(Number(new URL(server.url).port));
