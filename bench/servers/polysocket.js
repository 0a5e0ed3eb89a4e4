import { serve } from "polysocket";
import { ready } from "../lib/ready.js";

const server = await serve({
  port: 0,
  host: "127.0.0.1",
  origins: "any",
  limits: { maxMessageBytes: 64 << 20 },
  message(connection, message) {
    connection.send(message);
  },
});
ready(Number(new URL(server.url).port));
