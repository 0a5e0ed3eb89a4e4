// What the load generator can be told about publishing and closing, against a server of a few lines. Its key is always the same, that
// of RFC 6455 §1.3, and its frames have one masking key for each connection.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { before, describe, test } from "node:test";
import { compileLoad, startLoad } from "../lib/load.js";

const ACCEPTED =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const CLOSE_1000 = Buffer.from([0x88, 2, 0x03, 0xe8]);
const FRAME_BYTES = 2 + 4 + 64;

/** A server whose `onFrames(socket, bytes, path)` gets what comes after a handshake. */
async function startServer(onFrames) {
  const sockets = new Set();
  const requests = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    let path;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => {
      if (path !== undefined) return onFrames(socket, bytes, path);
      requests.push(bytes.toString("latin1"));
      path = requests.at(-1).split(" ")[1];
      socket.write(ACCEPTED);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { port: server.address().port, sockets, requests, close: () => server.close() };
}

/** What the generator answers to `lines`, or the message of its failure. */
async function run(server, options, lines) {
  const load = startLoad({ port: server.port, ...options });
  try {
    const answers = [];
    for (const line of [`watch ${process.pid}`, ...lines]) answers.push(await load.ask(line));
    return { answers };
  } catch (error) {
    return { failure: error.message };
  } finally {
    load.kill();
    for (const socket of server.sockets) socket.destroy();
    server.close();
  }
}

/** Every complete message goes to those that `chosen` picks, unmasked. */
async function startPublishing(chosen) {
  let rest = Buffer.alloc(0);
  const server = await startServer((publisher, bytes, path) => {
    assert.equal(path, "/publisher");
    rest = Buffer.concat([rest, bytes]);
    for (; rest.length >= FRAME_BYTES; rest = rest.subarray(FRAME_BYTES)) {
      const payload = rest.subarray(6, FRAME_BYTES).map((byte, i) => byte ^ rest[2 + (i % 4)]);
      for (const socket of server.sockets) {
        if (chosen(socket, publisher)) socket.write(Buffer.concat([Buffer.from([0x81, 64]), payload]));
      }
    }
  });
  return server;
}

const everybody = () => true;
const others = (socket, publisher) => socket !== publisher;
const PUBLISH = ["open 5", "publisher", "publish 0.1"];

describe("the load generator's publisher", () => {
  before(compileLoad);

  test("gets nothing itself, and a delivery to each of the others counts", async () => {
    const { answers, failure } = await run(await startPublishing(others), { kind: "text", inFlight: 2 }, PUBLISH);
    assert.equal(failure, undefined);
    assert.ok(answers.at(-1).done > 0);
    assert.equal(answers.at(-1).done % 10, 0);
  });

  test("may not be sent anything", async () => {
    const { failure } = await run(await startPublishing(everybody), { kind: "text" }, PUBLISH);
    assert.match(failure, /the publisher's connection .* sent something/);
  });

  test("with --publish-to all has its messages back, which count too", async () => {
    const options = { kind: "text", inFlight: 2, publishTo: "all" };
    const { answers, failure } = await run(await startPublishing(everybody), options, PUBLISH);
    assert.equal(failure, undefined);
    assert.ok(answers.at(-1).done > 0);
    assert.equal(answers.at(-1).done % 12, 0);
  });
});

/** A server that answers Close frames, and notes what happened to TCP on each connection. */
async function startClosing(endsFirst) {
  const orders = [];
  const server = await startServer((socket) => {
    const order = [];
    orders.push(order);
    socket.on("end", () => {
      order.push("client");
      if (!endsFirst) end();
    });
    socket.write(CLOSE_1000);
    // Late enough for a client that does not wait
    if (endsFirst) setTimeout(end, 5);

    function end() {
      order.push("server");
      socket.end();
    }
  });
  return { ...server, orders };
}

describe("the load generator's requests", () => {
  before(compileLoad);

  test("have the field of --field, each of them", async () => {
    const server = await startPublishing(others);
    const { failure } = await run(server, { kind: "text", field: "Origin: http://a.test" }, PUBLISH);
    assert.equal(failure, undefined);
    assert.equal(server.requests.length, 6);
    for (const request of server.requests) assert.match(request, /\r\nOrigin: http:\/\/a\.test\r\n(?:.*\r\n)?\r\n$/);
  });

  test("have nothing more without it", async () => {
    const server = await startPublishing(others);
    await run(server, { kind: "text" }, PUBLISH);
    assert.equal(server.requests[0].split("\r\n").length, 1 + 5 + 2);
  });

  test("cannot be given several lines", async () => {
    const { failure } = await run(await startPublishing(others), { field: "A: b\r\nC: d" }, []);
    assert.match(failure, /--field takes one line/);
  });
});

/** The generator's answer to a client with these fields. */
async function answerTo(fields) {
  const load = startLoad({ role: "server" });
  try {
    const { port } = await load.ask("listen");
    const socket = connect(port, "127.0.0.1");
    const request = ["GET / HTTP/1.1", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", ...fields, "", ""];
    socket.write(request.join("\r\n"));
    await load.ask("accept 1");
    const [answer] = await once(socket, "data");
    socket.destroy();
    return answer.toString("latin1");
  } finally {
    load.kill();
  }
}

describe("the load generator as a server", () => {
  before(compileLoad);

  test("selects the subprotocol that is offered", async () => {
    assert.equal(
      await answerTo(["Sec-WebSocket-Protocol: bench"]),
      ACCEPTED.replace(/\r\n$/, "Sec-WebSocket-Protocol: bench\r\n\r\n"),
    );
  });

  test("selects none where none is", async () => {
    assert.equal(await answerTo(["Sec-WebSocket-Version: 13"]), ACCEPTED);
  });
});

describe("the load generator's handshakes", () => {
  before(compileLoad);

  for (const [closeFrame, expected] of [
    [undefined, /a connection ended before its closing handshake/],
    ["optional", undefined],
  ]) {
    test(`a server that ends TCP without a Close frame ${expected ? "fails" : "is all right with --close-frame optional"}`, async () => {
      const server = await startServer((socket) => socket.end());
      const { answers, failure } = await run(server, { inFlight: 4, closeFrame }, ["handshake 0.1"]);
      if (expected) assert.match(failure, expected);
      else assert.ok(answers.at(-1).done > 0);
    });
  }

  for (const [first, second] of [
    ["server", "client"],
    ["client", "server"],
  ]) {
    test(`the ${first} is the first to end TCP with --tcp-ends ${first}`, async () => {
      const server = await startClosing(first === "server");
      const { answers, failure } = await run(server, { inFlight: 4, tcpEnds: first }, ["handshake 0.1"]);
      assert.equal(failure, undefined);
      assert.ok(answers.at(-1).done > 0);
      for (const order of server.orders.slice(0, 4)) assert.deepEqual(order, [first, second]);
    });
  }
});
