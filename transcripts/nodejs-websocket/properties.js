import net from "node:net";
import { bothEnds, clientEnd, dial, pick, serverEnd } from "./acts/ends.js";

const NAMES = "socket server readyState path headers protocols protocol key outStream host extraHeaders".split(" ");

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "the constants",
    rows: ["4.constants"],
    async run(stage) {
      const { atServer, atClient } = await bothEnds(stage);
      for (const connection of [atServer, atClient]) {
        stage.say("constants", pick(connection, "CONNECTING", "OPEN", "CLOSING", "CLOSED"));
        stage.say("own", Object.hasOwn(connection, "OPEN"), "prototype", Object.getPrototypeOf(connection).OPEN);
      }
    },
  },
  {
    name: "properties at the server",
    rows: ["4.socket", "4.server", "4.path", "4.headers", "4.key", "4.out-stream", "4.host-extra-headers"],
    async run(stage) {
      const { server, connection, say } = await serverEnd(stage, {
        client: { path: "/chat?x=1", fields: { "X-Own": "mine", "UPPER-Case": "Value" } },
      });
      say("socket", connection.socket instanceof net.Socket, connection.socket.remoteAddress);
      say("server", connection.server === server);
      say("values", pick(connection, "readyState", "path", "protocols", "protocol", "key", "outStream"));
      say("only for clients", pick(connection, "host", "extraHeaders"));
      say("headers", connection.headers);
    },
  },
  {
    name: "of a header that is repeated the last one stays",
    rows: ["4.headers"],
    async run(stage) {
      const { connection, say } = await serverEnd(stage, { client: { fields: { "X-Own": ["first", "second"] } } });
      say("header", connection.headers["x-own"]);
    },
  },
  {
    name: "properties at the client, before and after the handshake",
    rows: ["4.socket", "4.server", "4.client-path", "4.headers", "4.key", "4.out-stream", "4.host-extra-headers"],
    async run(stage) {
      const extraHeaders = { "X-Own": "mine" };
      const { connection, peer, say } = await dial(stage, { path: "chat?x=1", options: { extraHeaders } });
      const tell = () => {
        say("socket", connection.socket instanceof net.Socket, connection.socket.remoteAddress);
        say("values", pick(connection, "server", "readyState", "path", "protocols", "protocol", "outStream"));
        say("of clients", connection.host, connection.extraHeaders === extraHeaders);
        say("headers", connection.headers, connection.key);
      };
      tell();
      await peer.answer({ "X-Server": "raw" });
      await stage.once(connection, "connect");
      tell();
    },
  },
  {
    name: "before its TCP connection is up, the client has no key",
    rows: ["4.key", "4.client-before"],
    async run(stage) {
      const raw = await stage.rawServer();
      const connection = stage.library.connect(`${raw.url}x`);
      stage.say("values", pick(connection, "key", "readyState", "headers", "path", "host", "server", "outStream"));
      connection.on("error", () => {});
      await stage.once(connection.socket, "connect");
      const peer = await raw.next();
      stage.say("key", connection.key);
      await peer.answer();
      await stage.once(connection, "connect");
    },
  },
  {
    name: "an object for own headers, though none are given",
    rows: ["4.host-extra-headers"],
    async run(stage) {
      const { connection, say } = await clientEnd(stage);
      say("extraHeaders", connection.extraHeaders);
    },
  },
  {
    name: "all properties are enumerable",
    rows: ["4.plain-properties"],
    async run(stage) {
      const { atServer, atClient } = await bothEnds(stage);
      for (const connection of [atServer, atClient]) {
        const seen = Object.keys(connection);
        stage.say("own keys", NAMES.filter((name) => seen.includes(name)).sort());
      }
    },
  },
  {
    name: "states on the way from connecting to closed",
    rows: ["4.ready-state", "4.states"],
    async run(stage) {
      const { connection, peer, say } = await dial(stage, { watch: false });
      for (const event of ["connect", "text", "close"]) connection.on(event, () => say(event, connection.readyState));
      say("connecting", connection.readyState);
      await peer.answer();
      await stage.once(connection, "connect");
      peer.send({ payload: "x" });
      await stage.once(connection, "text");
      connection.close(1000);
      say("close has returned", connection.readyState);
      await peer.frame();
      peer.sendClose(1000);
      await peer.over();
      peer.end();
    },
  },
  {
    name: "the state when the peer closes",
    rows: ["4.states"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage, { watch: false });
      const closed = stage.once(connection, "close");
      connection.on("close", () => say("close", connection.readyState, connection.readyState === connection.CLOSED));
      peer.sendClose(1001);
      await closed;
      peer.end();
    },
  },
];
