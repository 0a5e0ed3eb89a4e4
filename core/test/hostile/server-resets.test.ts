import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, type TestContext, test } from "node:test";
import type { HandshakeRequest, ServeOptions, Server } from "../../src/node/index.ts";
import { serve } from "../../src/node/index.ts";
import { handshakeText, RawClient, textFrame } from "../node/server/raw-client.ts";
import { stillServes } from "./attacks-on-server.ts";

/** What came of a handshake whose peer was lost. */
type Fate = "PEER_GONE" | "ended with 1006" | "never seen";

interface Stage {
  readonly when: string;
  /** The application, in which `lose` loses the peer. It is asked for /attack alone. */
  readonly application: (lose: () => void) => ServeOptions;
  /** What the peer does by itself once it has sent its handshake. */
  readonly peer?: (client: RawClient) => unknown;
  /** More than one where the system decides which of two things it tells first. */
  readonly fates: readonly Fate[];
}

/** What the system has done with a reset of this process is seen in a later turn: until then the socket looks alive. */
const STAGES: readonly Stage[] = [
  {
    when: "before its handshake is read",
    application: () => ({}),
    peer: (client) => client.reset(),
    fates: ["never seen", "PEER_GONE", "ended with 1006"],
  },
  {
    when: "while the origin rule waits",
    application: (lose) => ({ origins: (_origin, request) => never(request, lose) }),
    fates: ["PEER_GONE"],
  },
  {
    when: "in the turn of the origin rule's answer",
    application: (lose) => ({
      async origins() {
        await turn();
        lose();
        return true;
      },
    }),
    fates: ["ended with 1006", "PEER_GONE"],
  },
  {
    when: "when upgrade is called, which answers at once",
    application: (lose) => ({ upgrade: () => lose() }),
    fates: ["ended with 1006", "PEER_GONE"],
  },
  {
    when: "while upgrade waits",
    application: (lose) => ({ upgrade: (request) => never(request, lose) }),
    fates: ["PEER_GONE"],
  },
  {
    when: "in the turn of upgrade's answer, before the 101",
    application: (lose) => ({
      async upgrade() {
        await turn();
        lose();
      },
    }),
    fates: ["ended with 1006", "PEER_GONE"],
  },
  {
    when: "in the turn of upgrade's refusal, before it is written",
    application: (lose) => ({
      async upgrade() {
        await turn();
        lose();
        return { statusCode: 403, body: "no".repeat(100_000) };
      },
    }),
    fates: ["never seen", "PEER_GONE"],
  },
  {
    when: "while the body of a Response is awaited",
    application: (lose) => ({
      upgrade: () => new Response(new ReadableStream({ pull: () => new Promise(() => lose()) }), { status: 403 }),
    }),
    fates: ["PEER_GONE"],
  },
  {
    when: "in the open handler, which greets it",
    application: (lose) => ({
      open(connection) {
        lose();
        connection.send("hello");
      },
    }),
    fates: ["ended with 1006"],
  },
  {
    when: "while the open handler waits",
    application: (lose) => ({
      async open(connection) {
        await turn();
        lose();
        await connection.closed;
        connection.send("too late");
      },
    }),
    fates: ["ended with 1006"],
  },
  {
    when: "when it has its 101",
    application: () => ({ async upgrade() {} }),
    peer: (client) => client.head().then(() => client.reset()),
    fates: ["ended with 1006"],
  },
  {
    when: "in the message handler, in the middle of a read",
    application: (lose) => ({
      message(connection, message) {
        if (message === "first") lose();
        connection.send(message);
      },
    }),
    peer: (client) => client.write(textFrame("first"), textFrame("second"), textFrame("third")),
    fates: ["ended with 1006"],
  },
  {
    when: "while it closes",
    application: (lose) => ({
      open(connection) {
        connection.close();
        setImmediate(lose);
      },
    }),
    fates: ["ended with 1006"],
  },
];

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Wait for what never comes, and end when nobody waits any more, as an application's query does. */
async function never({ signal }: HandshakeRequest, lose: () => void): Promise<never> {
  setImmediate(lose);
  await once(signal, "abort");
  assert.equal(signal.reason.code, "PEER_GONE");
  throw signal.reason;
}

/** A server whose application is that of the stage at /attack, and an echo elsewhere. */
async function start(t: TestContext, stage: Stage, lose: () => void, fates: Fate[]): Promise<Server> {
  const { origins = "any", upgrade, open, message } = stage.application(lose);
  const server = await serve({
    host: "127.0.0.1",
    origins:
      typeof origins === "function" ? (...given) => (given[1].path === "/attack" ? origins(...given) : true) : "any",
    routes: {
      "/attack": {
        ...(upgrade === undefined ? {} : { upgrade }),
        ...(open === undefined ? {} : { open }),
        message: message ?? (() => {}),
        close: (_connection, { code }) => void fates.push(code === 1006 ? "ended with 1006" : "never seen"),
        error() {},
      },
      "/": { message: (connection, received) => void connection.send(received) },
    },
    upgradeError({ code, statusCode }) {
      if (code === "PEER_GONE") fates.push(code);
      else assert.deepEqual([code, statusCode], ["UPGRADE_REFUSED", 403]);
    },
  });
  t.after(() => server.close({ timeoutMs: 0 }));
  return server;
}

describe("a peer that is lost during an asynchronous upgrade", () => {
  for (const stage of STAGES) {
    test(`${stage.when}: ${stage.fates.join(" or ")}, and nothing is left`, async (t) => {
      const fates: Fate[] = [];
      let client: RawClient | undefined;
      const server = await start(t, stage, () => client?.reset(), fates);
      client = await RawClient.connect(server.url);
      client.write(handshakeText({ target: "/attack", headers: { Origin: "http://example.com" } }));
      await stage.peer?.(client);
      await client.closed;
      if (!stage.fates.includes("never seen")) while (fates.length === 0) await turn();
      await stillServes(server.url);
      while (server.connections.size > 0) await turn();
      const { pendingHandshakes, opened, closed } = server.stats();
      assert.deepEqual([pendingHandshakes, opened - closed], [0, 0]);
      assert.ok(fates.length <= 1, "it is told once");
      assert.ok(stage.fates.includes(fates[0] ?? "never seen"), fates.join());
    });
  }
});
