/** What a program for jellysocket makes of it, the same on both ends: messages of its own, here texts as UTF-8.
 * @param JellySocket Node's class, or the one for browsers
 * @param {string} subprotocol */
export function makeEchoSocket(JellySocket, subprotocol) {
  class EchoSocket extends JellySocket {
    constructor(...given) {
      super(...given);
      this.on("_message", (bytes) => this.emit("text", new TextDecoder().decode(bytes)));
    }

    sendText(text) {
      return this._send(new TextEncoder().encode(text));
    }
  }
  EchoSocket.prototype.protocol = subprotocol;
  return EchoSocket;
}
