import { attach, type Connection } from "polysocket";
import { Mailbox } from "../mailbox.ts";
import { listenHttp } from "./http-listener.ts";
import { NO_LIMIT_BYTES, type SeenRequest, type ServerPeer, type ServerSocket } from "./server-peer.ts";

/** Our own server. */
export const polysocketServer: ServerPeer = {
  name: "polysocket",
  abilities: ["sendsEmptyClose", "tellsEmptyClose", "echoesCode", "refusalBody", "compression"],
  async listen(options = {}) {
    const { refusal, greeting, subprotocols = [], maxMessageBytes = NO_LIMIT_BYTES } = options;
    const listener = await listenHttp(options);
    const inboxes = new WeakMap<Connection, Inbox>();
    attach(listener.server, {
      subprotocols,
      origins: "any",
      limits: { maxMessageBytes },
      backpressure: { maxBufferedBytes: NO_LIMIT_BYTES },
      upgrade: () => refusal,
      open(connection, request) {
        if (greeting !== undefined) connection.send(greeting);
        const { url: target, remoteAddress = "" } = request;
        const headers: Record<string, string> = {};
        for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
        const inbox = { messages: new Mailbox<string | Buffer>(), pongs: new Mailbox<string>() };
        inboxes.set(connection, inbox);
        listener.accepted(adapt(connection, { target, headers, remoteAddress }, inbox));
      },
      message: (connection, message) => {
        inboxes.get(connection)?.messages.put(typeof message === "string" ? message : Buffer.from(message));
      },
      pong: (connection, data) => inboxes.get(connection)?.pongs.put(data.toString()),
      close: (connection, { code }) => inboxes.get(connection)?.messages.end(`closed with ${code}`),
    });
    return listener.running;
  },
};

interface Inbox {
  readonly messages: Mailbox<string | Buffer>;
  readonly pongs: Mailbox<string>;
}

function adapt(connection: Connection, request: SeenRequest, { messages, pongs }: Inbox): ServerSocket {
  let unsent = 0;
  const sent = (): void => {
    unsent -= 1;
  };
  return {
    request,
    closed: connection.closed.then(({ code, reason }) => ({ code, reason })),
    subprotocol: connection.subprotocol,
    get unsent() {
      return unsent;
    },
    send(message) {
      unsent += 1;
      connection.send(message);
      connection.flush().then(sent, sent);
    },
    receive: () => messages.take(),
    close: (code, reason) => connection.close(code ?? null, reason),
    terminate: () => connection.terminate(),
    async ping(payload) {
      await connection.ping(payload);
      return pongs.take();
    },
    sendFragments(parts) {
      const writer = connection.beginMessage("text");
      parts.forEach((part, index) => {
        if (index > 0) connection.ping(`before ${index}`).catch(() => undefined);
        if (index < parts.length - 1) writer.write(part);
        else writer.end(part);
      });
    },
    pause: () => connection.pause(),
    resume: () => connection.resume(),
  };
}
