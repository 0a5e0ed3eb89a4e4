import { bothEnds, clientEnd, closeFrom, serverEnd } from "./acts/ends.js";

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "a server behind https, and a raw client",
    rows: ["tls.server", "7.message", "9.peer-close"],
    async run(stage) {
      const { connection, peer, request, say } = await serverEnd(stage, { tls: true });
      stage.say("head", await peer.head());
      say("socket", request.socket.encrypted, connection.socket === request.socket);
      const message = stage.once(connection, "message");
      peer.send({ payload: "over TLS" });
      await message;
      connection.sendUTF("back");
      await peer.frame();
      const closed = stage.once(connection, "close");
      closeFrom(peer, 1001, "leaving");
      await peer.over();
      peer.end();
      await closed;
    },
  },
  {
    name: "a client over TLS, and a raw server",
    rows: ["tls.client", "7.message", "9.own-close"],
    async run(stage) {
      const { client, connection, peer, say } = await clientEnd(stage, { tls: true });
      say("secure", client.secure, connection.socket.authorized);
      const message = stage.once(connection, "message");
      peer.send({ payload: "over TLS" });
      await message;
      connection.sendBytes(Buffer.from("back"));
      await peer.frame();
      const closed = stage.once(connection, "close");
      connection.close(1000, "enough");
      await peer.frame();
      closeFrom(peer, 1000);
      peer.end();
      await closed;
    },
  },
  {
    name: "the peer hangs up over TLS",
    rows: ["tls.server", "9.hang-up"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage, { tls: true });
      const closed = stage.once(connection, "close");
      peer.end();
      await closed;
    },
  },
  {
    name: "a protocol fault over TLS",
    rows: ["tls.server", "7.fault-opcode"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage, { tls: true });
      const closed = stage.once(connection, "close");
      peer.send({ opcode: 3 });
      await closed;
      await peer.over();
    },
  },
  {
    name: "large messages over TLS in both directions",
    rows: ["tls.server", "tls.client", "8.fragmentation"],
    async run(stage) {
      const { atServer, atClient } = await bothEnds(stage, { tls: true });
      const there = stage.once(atServer, "message");
      atClient.sendBytes(Buffer.alloc(300_000, 1));
      await there;
      const back = stage.once(atClient, "message");
      atServer.sendUTF("x".repeat(300_000));
      await back;
    },
  },
];
