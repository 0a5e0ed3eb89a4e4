import tls from "node:tls";
import { bothEnds, clientEnd, fragmentAt, nextBinary, serve, serverEnd } from "./acts/ends.js";

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "a secure server and a raw client",
    rows: ["2.secure", "2.socket", "9.good-answer"],
    async run(stage) {
      const { server, connection, peer, say } = await serverEnd(stage, { tls: true, client: { path: "/secret" } });
      say("server's socket", server.socket instanceof tls.Server);
      say("socket", connection.socket.encrypted, connection.path);
      peer.say("answer", await peer.head());
      const text = stage.once(connection, "text");
      peer.send({ payload: "over TLS" });
      await text;
      connection.sendText("back");
      await peer.frame();
      const closed = stage.once(connection, "close");
      peer.sendClose(1001, "leaving");
      await closed;
      await peer.frame();
      peer.end();
      await peer.over();
    },
  },
  {
    name: "a secure client and a raw server",
    rows: ["3.secure", "3.options"],
    async run(stage) {
      const { connection, peer, say } = await clientEnd(stage, { tls: true });
      say("socket", connection.socket.encrypted, connection.socket.authorized);
      connection.sendText("over TLS");
      await peer.frame();
      const text = stage.once(connection, "text");
      peer.send({ payload: "back" });
      await text;
      connection.close(1000, "enough");
      await peer.frame();
      peer.sendClose(1000);
      await peer.over();
      peer.end();
    },
  },
  {
    name: "a secure client trusts by default nobody whom it does not know",
    rows: ["3.secure", "3.options", "8.order"],
    async run(stage) {
      const { server, url, say } = await serve(stage, { tls: true });
      stage.watch(server, say, "connection", "error");
      const client = stage.library.connect(url);
      stage.watch(client, stage.lane("client"), "connect", "error", "close");
      await stage.once(client, "close");
      await stage.turns();
    },
  },
  {
    name: "a secure client that verifies nothing",
    rows: ["3.options"],
    async run(stage) {
      const { atServer, atClient, sayClient } = await bothEnds(stage, {
        tls: true,
        clientOptions: { ca: undefined, rejectUnauthorized: false },
      });
      sayClient("authorized", atClient.socket.authorized);
      const text = stage.once(atServer, "text");
      atClient.sendText("hello");
      await text;
    },
  },
  {
    name: "a plain client of a secure server",
    rows: ["2.silent-failures", "2.secure"],
    async run(stage) {
      const { server, url, say } = await serve(stage, { tls: true });
      stage.watch(server, say, "connection");
      const client = stage.library.connect(url.replace("wss", "ws"));
      // Whether there is an error before it, and its text, are Node's and OpenSSL's.
      client.on("error", () => {});
      stage.watch(client, stage.lane("client"), "connect", "close");
      await stage.once(client, "close");
    },
  },
  {
    name: "the peer hangs up over TLS",
    rows: ["7.lost", "2.secure"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage, { tls: true });
      const closed = stage.once(connection, "close");
      peer.end();
      await closed;
      await peer.over();
    },
  },
  {
    name: "a protocol fault over TLS",
    rows: ["7.fault", "9.fault-opcode"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage, { tls: true });
      const closed = stage.once(connection, "close");
      peer.send({ opcode: 3 });
      await closed;
      await peer.frame();
      peer.end();
      await peer.over();
    },
  },
  {
    name: "texts and streams over TLS in both directions",
    rows: ["2.secure", "3.secure", "6.frames", "8.binary"],
    async run(stage) {
      fragmentAt(stage, 50_000);
      const { atServer, atClient } = await bothEnds(stage, { tls: true });
      for (const [from, to] of [
        [atServer, atClient],
        [atClient, atServer],
      ]) {
        const text = stage.once(to, "text");
        from.sendText("x".repeat(300_000));
        await text;
        const binary = nextBinary(to);
        const out = from.beginBinary();
        for (let count = 0; count < 10; count += 1) out.write(Buffer.alloc(20_000, count));
        out.end();
        await binary;
      }
      const closed = stage.once(atServer, "close");
      const ended = stage.once(atClient.socket, "close");
      atClient.close(1000, "all done");
      await closed;
      await ended;
    },
  },
];
