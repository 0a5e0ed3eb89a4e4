import { once } from "node:events";
import JellySocket from "@polysocket/jellysocket";
import { ready } from "../lib/ready.js";

const [url, count] = process.argv.slice(2);

class EchoSocket extends JellySocket {
  constructor() {
    super(url, { maxPayload: 64 << 20 });
    this.on("_message", this._send);
  }
}
EchoSocket.prototype.protocol = "bench";

const sockets = Array.from({ length: Number(count) }, () => new EchoSocket());
await Promise.all(sockets.map((socket) => once(socket, "connect")));
ready();
