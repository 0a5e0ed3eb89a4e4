// A subclass of JellySocket, as its page has it; binary messages alone.
import { createServer } from "node:http";
import JellySocket from "@polysocket/jellysocket";
import { PUBLISHER_PATH, ready, readSettings } from "../lib/ready.js";

const { publish } = readSettings();

class EchoSocket extends JellySocket {
  constructor() {
    super();
    this.on("_message", this._send);
  }
}
// The generator offers no other
EchoSocket.prototype.protocol = "bench";

class PublisherSocket extends JellySocket {
  constructor() {
    super();
    this.on("_message", (data) => {
      for (const client of application.clients) client._send(data);
    });
  }
}
PublisherSocket.prototype.protocol = "bench";

const server = createServer();
const options = { maxPayload: 64 << 20 };
const application = new JellySocket.Application(server, EchoSocket, options);
if (publish) new JellySocket.Application(server, PublisherSocket, { ...options, path: PUBLISHER_PATH });
server.listen(0, "127.0.0.1", () => ready(server.address().port));
