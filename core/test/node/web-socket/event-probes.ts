/**
 * What web-socket-events.test.ts runs in a process of its own, with --expose-gc. In: the name of a probe. Out: its findings
 * as JSON on one line.
 */
import { once } from "node:events";
import { serve } from "../../../src/node/server/serve.ts";
import { WebSocket } from "../../../src/node/web-socket/web-socket.ts";
import { type RawPeer, RawServer } from "../client/raw-server.ts";
import { closeBody, CLOSE } from "../connection/frames.ts";
import { Journal } from "../connection/journal.ts";
import { nextTask, serverFrame, serverText } from "./listening.ts";

const probes: Record<string, () => Promise<unknown>> = { throwingListeners, unheldSockets, unheldSending, ended };

const probe = probes[process.argv[2] ?? ""];
if (probe === undefined) throw new Error(`the probes are ${Object.keys(probes).join(", ")}`);
console.log(JSON.stringify(await probe()));
process.exit();

/** What comes of errors in listeners. */
async function throwingListeners(): Promise<unknown> {
  const reported: string[] = [];
  process.on("uncaughtException", (error) => reported.push(error.message));
  const server = await listenRaw(async (peer) => {
    await peer.accept({}, serverText("a"), serverText("b"), serverFrame(CLOSE, closeBody(1000)));
    peer.end();
  });
  const socket = new WebSocket(server.url());
  const events: string[] = [];
  for (const type of ["open", "message", "close"]) {
    socket.addEventListener(type, () => {
      throw new Error(type);
    });
  }
  socket.onopen = () => events.push("open");
  socket.onmessage = ({ data }) => events.push(`message ${data}`);
  socket.onclose = ({ code }) => events.push(`close ${code}`);
  await once(socket, "close");
  await nextTask();
  return { events, reported };
}

/** The events of a socket that only its listeners can be known by. */
async function unheldSockets(): Promise<unknown> {
  const server = await listenRaw();
  const events = new Journal<string>();
  (() => {
    const socket = new WebSocket(server.url());
    socket.onopen = () => events.add("open");
    socket.onmessage = ({ data }) => events.add(`message ${data}`);
    socket.onerror = () => events.add("error");
    socket.onclose = ({ code }) => events.add(`close ${code}`);
  })();
  await collect();
  const peer = await server.next();
  await peer.accept();
  await events.take(1);
  await collect();
  peer.write(serverText("a"));
  await events.take(1);
  await collect();
  peer.write(serverText("late"));
  await events.take(1);
  peer.reset();
  await events.take(2);
  return events.all;
}

/** What a server gets of a socket that nobody holds any more. */
async function unheldSending(): Promise<unknown> {
  let bytes = 0;
  const closed = new Promise<number>((resolve) => {
    void serve({
      host: "127.0.0.1",
      limits: { maxMessageBytes: 16 << 20 },
      message(_connection, message) {
        bytes += message.length;
      },
      close: (_connection, { code }) => resolve(code),
    }).then(async ({ url }) => {
      const socket = new WebSocket(url);
      socket.onopen = () => {
        socket.send(new Blob([new Uint8Array(8 << 20)]));
        socket.close(3000);
        socket.onopen = null;
      };
      await once(socket, "open");
      await collect();
    });
  });
  const code = await closed;
  return { bytes, code };
}

/** How many of the sockets whose connections have ended are still there. */
async function ended(): Promise<unknown> {
  const server = await serve({ host: "127.0.0.1", message() {} });
  const sockets: WeakRef<WebSocket>[] = [];
  for (let i = 0; i < 10; i++) await openAndClose(server.url, sockets);
  await server.close();
  await collect();
  return { alive: sockets.filter((socket) => socket.deref() !== undefined).length };
}

async function openAndClose(url: string, sockets: WeakRef<WebSocket>[]): Promise<void> {
  const socket = new WebSocket(url);
  sockets.push(new WeakRef(socket));
  socket.onopen = () => {
    socket.send("text");
    socket.close();
  };
  await once(socket, "close");
}

function listenRaw(script?: (peer: RawPeer) => unknown): Promise<RawServer> {
  return RawServer.listen({ after() {} }, script === undefined ? {} : { script });
}

async function collect(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j < 5; j++) await nextTask();
    (globalThis as { gc?: () => void }).gc?.();
  }
}
