import { Readable } from "node:stream";
import { bothEnds, clientEnd, ENDS, fragmentAt, nextBinary, serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** Bytes that are written one after the other, the last ones with end.
 * @type {[string, string[], string?][]} */
const WRITES = [
  ["two short ones", ["123"], "456"],
  ["four times four bytes", ["aaaa", "bbbb", "cccc", "dddd"]],
  ["exactly the size", ["0123456789"]],
  ["more than the size", ["x".repeat(31)], "1234"],
  ["nothing", []],
  ["more than the size at the end", [], "y".repeat(25)],
  ["single bytes", [..."abcdefghijklmnopqrstuvwxyz"]],
  ["empty ones", ["", "1", ""], ""],
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENDS.flatMap(({ side, end }) => [
    ...WRITES.map(([what, writes, last]) => ({
      name: `frames of a stream of the ${side}: ${what}`,
      rows: ["6.frames", "1.set-binary-fragmentation", "5.begin-binary"],
      /** @param {Stage} stage */
      async run(stage) {
        fragmentAt(stage, 10);
        const { connection, peer, say } = await end(stage);
        const out = connection.beginBinary();
        for (const text of writes) out.write(Buffer.from(text));
        const finished = stage.once(out, "finish");
        if (last === undefined) out.end();
        else out.end(Buffer.from(last));
        await finished;
        say("finished", connection.outStream);
        while (!(await peer.frame())?.fin);
        connection.sendText("next");
        await peer.frame();
      },
    })),
    {
      name: `strings written to a stream of the ${side}`,
      rows: ["6.strings"],
      /** @param {Stage} stage */
      async run(stage) {
        fragmentAt(stage, 10);
        const { connection, peer } = await end(stage);
        const out = connection.beginBinary();
        out.write("grüße");
        out.write("616263", "hex");
        out.end("6162", "hex");
        while (!(await peer.frame())?.fin);
      },
    },
    {
      name: `pings and pongs between the frames of a stream of the ${side}`,
      rows: ["5.send-ping", "6.frames", "8.ping"],
      /** @param {Stage} stage */
      async run(stage) {
        fragmentAt(stage, 4);
        const { connection, peer } = await end(stage);
        const out = connection.beginBinary();
        out.write("aaaa");
        await peer.frame();
        connection.sendPing("between");
        await peer.frame();
        peer.send({ opcode: 9, payload: "peer's" });
        await peer.frame();
        out.end("b");
        await peer.frame();
      },
    },
    {
      name: `a stream of the ${side} whose connection is closed takes what is written and finishes`,
      rows: ["6.out-closed"],
      /** @param {Stage} stage */
      async run(stage) {
        fragmentAt(stage, 4);
        const { connection, peer, say } = await end(stage);
        const out = connection.beginBinary();
        stage.watch(out, say, "finish", "error");
        out.write("aaaa");
        await peer.frame();
        connection.close(1000, "in the middle");
        out.write("bbbb");
        out.write("cccc");
        const finished = stage.once(out, "finish");
        out.end();
        await finished;
        say("outStream", connection.outStream);
        await peer.frame();
        peer.sendClose(1000);
        await peer.over();
        peer.end();
      },
    },
    {
      name: `the peer closes while a stream of the ${side} runs`,
      rows: ["6.out-closed", "7.peer-close"],
      /** @param {Stage} stage */
      async run(stage) {
        fragmentAt(stage, 4);
        const { connection, peer, say } = await end(stage);
        const out = connection.beginBinary();
        stage.watch(out, say, "finish", "error");
        out.write("aaaa");
        await peer.frame();
        const closed = stage.once(connection, "close");
        peer.sendClose(1001, "no more");
        await closed;
        const finished = stage.once(out, "finish");
        out.end("bbbb");
        await finished;
        say("outStream", connection.outStream);
        await peer.frame();
        peer.end();
        await peer.over();
      },
    },
    {
      name: `the socket goes while a stream of the ${side} runs`,
      rows: ["6.out-socket-gone"],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage);
        const out = connection.beginBinary();
        out.write("abc");
        const finished = stage.once(out, "finish");
        const closed = stage.once(connection, "close");
        peer.end();
        await closed;
        await finished;
        say("outStream", connection.outStream);
      },
    },
  ]),
  {
    name: "a stream of Node's is piped through to the other end",
    rows: ["6.out-stream-class", "6.in-stream-class", "6.backpressure"],
    async run(stage) {
      fragmentAt(stage, 30_000);
      const { atServer, atClient } = await bothEnds(stage);
      const chunks = Array.from({ length: 40 }, (_, index) => Buffer.alloc(10_000, index));
      for (const [from, to] of [
        [atClient, atServer],
        [atServer, atClient],
      ]) {
        const received = nextBinary(to);
        Readable.from(chunks).pipe(from.beginBinary());
        stage.say("received", (await received).equals(Buffer.concat(chunks)));
      }
    },
  },
  {
    name: "the size of fragments is read when the stream begins",
    rows: ["1.set-binary-fragmentation"],
    async run(stage) {
      fragmentAt(stage, 4);
      const { connection, peer } = await serverEnd(stage);
      const out = connection.beginBinary();
      fragmentAt(stage, 8);
      out.write("123456");
      await peer.frame();
      const finished = stage.once(out, "finish");
      out.end();
      await finished;
      const next = connection.beginBinary();
      next.write("123456");
      next.end("789");
      await peer.frames(2);
    },
  },
  {
    name: "by default a stream is cut at half a mebibyte",
    rows: ["1.set-binary-fragmentation", "6.frames"],
    async run(stage) {
      const { connection, peer } = await clientEnd(stage);
      const out = connection.beginBinary();
      out.write(Buffer.alloc(524_287, 1));
      out.write(Buffer.alloc(1, 2));
      out.write(Buffer.alloc(10, 3));
      out.end();
      await peer.frames(2);
    },
  },
  {
    name: "neither sendText nor sendBinary is cut",
    rows: ["5.send-text", "5.send-binary"],
    async run(stage) {
      fragmentAt(stage, 10);
      const { connection, peer } = await serverEnd(stage);
      connection.sendText("x".repeat(100));
      connection.sendBinary(Buffer.alloc(100, 1));
      await peer.frames(2);
    },
  },
  {
    name: "a write that fills a frame is done when the socket took it",
    rows: ["6.backpressure"],
    async run(stage) {
      fragmentAt(stage, 10);
      const { connection, peer, say } = await serverEnd(stage);
      const out = connection.beginBinary();
      out.write("short", () => say("written: short"));
      out.write("more than ten bytes", () => say("written: long"));
      const finished = stage.once(out, "finish");
      out.end("end", () => say("ended"));
      await finished;
      await peer.frames(2);
    },
  },
  {
    name: "streams one after the other, between both ends",
    rows: ["6.frames", "8.binary", "5.begin-binary"],
    async run(stage) {
      fragmentAt(stage, 1000);
      const { atServer, atClient } = await bothEnds(stage);
      for (const [from, to] of [
        [atServer, atClient],
        [atClient, atServer],
      ]) {
        for (const size of [5000, 10]) {
          const received = nextBinary(to);
          const out = from.beginBinary();
          const finished = stage.once(out, "finish");
          for (let count = 0; count < 10; count += 1) out.write(Buffer.alloc(size, count));
          out.end();
          await Promise.all([received, finished]);
        }
      }
    },
  },
];
