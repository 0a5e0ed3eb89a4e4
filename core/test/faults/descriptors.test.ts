import assert from "node:assert/strict";
import * as net from "node:net";
import { describe, type TestContext, test } from "node:test";
import { type Connection, connect } from "../../src/node/index.ts";
import { testAuthority } from "../e2e/client-test-certificates.ts";
import { Mailbox } from "../e2e/mailbox.ts";
import { handshakeText } from "../node/server/raw-client.ts";
import { ShortProcess } from "./short/short-process.ts";

const DESCRIPTORS = 64;
const CROWD = 200;

interface Client {
  readonly connection: Connection;
  readonly messages: Mailbox<unknown>;
}

async function start(t: TestContext): Promise<ShortProcess> {
  const child = await ShortProcess.start({ before: `ulimit -n ${DESCRIPTORS}` });
  t.after(() => child.stop());
  return child;
}

async function dial(t: TestContext, url: string): Promise<Client> {
  const messages = new Mailbox<unknown>();
  const connection = await connect(url, {
    tls: { ca: testAuthority },
    message: (_connection, message) => messages.put(message),
    close: (_connection, { code }) => messages.end(`closed with ${code}`),
  });
  t.after(() => connection.terminate());
  return { connection, messages };
}

async function assertEchoes({ connection, messages }: Client): Promise<void> {
  for (let index = 0; index < 10; index++) {
    connection.send(`message ${index}`);
    assert.equal(await messages.take(), `message ${index}`);
  }
}

/** More clients than there are descriptors; every other one asks for a WebSocket, the others for nothing.
 * @param others whom the server has beside them
 * @returns when each is either served or cut off */
async function crowd(child: ShortProcess, url: string, others: number): Promise<net.Socket[]> {
  const port = Number(new URL(url).port);
  let closed = 0;
  const sockets = Array.from({ length: CROWD }, (_, index) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.on("close", () => {
      closed++;
    });
    socket.resume();
    if (index % 2 === 0) socket.write(handshakeText());
    return socket;
  });
  while (closed + (await child.ask<number>("sockets")) - others < CROWD) await turn();
  return sockets;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function leave(child: ShortProcess, sockets: readonly net.Socket[]): Promise<void> {
  for (const socket of sockets) socket.destroy();
  // Beside the client that has been there before
  while ((await child.ask<number>("sockets")) > 1) await turn();
}

describe(`a server with ${DESCRIPTORS} descriptors and a crowd of ${CROWD}`, { timeout: 60_000 }, () => {
  for (const kind of ["plain", "tls", "http2"] as const) {
    test(`serves whom it has, and others when the crowd has left (${kind})`, async (t) => {
      const child = await start(t);
      const url = await child.ask<string>("serve", kind);
      const client = await dial(t, url);
      const sockets = await crowd(child, url, 1);
      await assertEchoes(client);
      await leave(child, sockets);
      await assertEchoes(client);
      await assertEchoes(await dial(t, url));
    });
  }

  test("does not spin while the crowd waits", async (t) => {
    const child = await start(t);
    const url = await child.ask<string>("serve", "plain");
    const sockets = await crowd(child, url, 0);
    const [before, beganMs] = [await child.ask<number>("cpuMs"), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const used = ((await child.ask<number>("cpuMs")) - before) / (performance.now() - beganMs);
    t.diagnostic(`${(100 * used).toFixed(1)} % of a processor`);
    assert.ok(used < 0.5);
    await leave(child, sockets);
  });

  test("leaves descriptors for what the application opens", async (t) => {
    const child = await start(t);
    const sockets = await crowd(child, await child.ask<string>("serve", "plain"), 0);
    assert.equal(await child.ask("openFiles", 4), 4);
    const { TOO_MANY_SOCKETS: told = 0 } = await child.ask<Record<string, number>>("errors");
    assert.ok(told > 0, "those who were cut off are counted");
    await child.ask("closeFiles");
    await leave(child, sockets);
  });

  test("serves whom it has while files take all descriptors, and others when they are closed", async (t) => {
    const child = await start(t);
    const url = await child.ask<string>("serve", "plain");
    const client = await dial(t, url);
    assert.ok((await child.ask<number>("openFiles", DESCRIPTORS)) < DESCRIPTORS);
    const sockets = await crowd(child, url, 1);
    await assertEchoes(client);
    await child.ask("closeFiles");
    await leave(child, sockets);
    await assertEchoes(await dial(t, url));
  });

  test("tells a client of its own that there is no connection, and why", async (t) => {
    const child = await start(t);
    const url = await child.ask<string>("serve", "plain");
    await child.ask("openFiles", DESCRIPTORS);
    assert.equal(await child.ask("dial", url), "CONNECT_FAILED: EMFILE");
    await child.ask("closeFiles");
    assert.equal(await child.ask("dial", url), "opened");
  });
});
