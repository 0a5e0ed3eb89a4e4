import net from "node:net";
import { bothEnds, calm, leave, serve, serverEnd, watchConnection } from "./acts/ends.js";

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "each form of listen, and what it returns",
    rows: ["2.listen", "2.event-listening"],
    async run(stage) {
      /** @type {[string, (server: any, callback: () => void) => unknown][]} */
      const forms = [
        ["port", (server) => server.listen(0)],
        ["port, callback", (server, callback) => server.listen(0, callback)],
        ["port, host", (server) => server.listen(0, "127.0.0.1")],
        ["port, host, callback", (server, callback) => server.listen(0, "127.0.0.1", callback)],
      ];
      for (const [name, listen] of forms) {
        const server = stage.library.createServer({});
        const say = stage.lane(`listen(${name})`);
        stage.watch(server, say, "listening");
        const listening = stage.once(server, "listening");
        say("returns the server", listen(server, () => say("callback")) === server);
        await listening;
        const { port, address, family } = server.socket.address();
        stage.adopt(server.socket);
        say("bound", port > 0, name.includes("host") ? [address, family] : "");
      }
    },
  },
  {
    name: "without a host the server is reached through 127.0.0.1",
    rows: ["2.listen-no-host"],
    async run(stage) {
      const server = calm(stage.library.createServer({}));
      const listening = stage.once(server, "listening");
      server.listen(0);
      await listening;
      const port = stage.adopt(server.socket);
      const peer = await stage.rawClient({ port });
      stage.say("answer", (await peer.head())[0]);
    },
  },
  {
    name: "the server's socket is Node's, which tells the port and takes the options",
    rows: ["2.socket", "2.net-options"],
    async run(stage) {
      const { server, connection } = await serverEnd(stage, {
        options: { highWaterMark: 4321, pauseOnConnect: false },
      });
      stage.say("socket", server.socket instanceof net.Server, server.socket.listening);
      stage.say("port", server.socket.address().port);
      stage.say("highWaterMark", connection.socket.readableHighWaterMark);
      stage.say("socket of the connection", connection.socket instanceof net.Socket);
    },
  },
  {
    name: "connections are listed in the order of their handshakes until their close event",
    rows: ["2.connections", "2.event-connection"],
    async run(stage) {
      const { server, port, say } = await serve(stage);
      const list = () => server.connections.map((/** @type {any} */ one) => one.path);
      server.on("connection", (/** @type {any} */ connection) => {
        say("connection", connection.path, list());
        connection.on("close", (/** @type {unknown[]} */ ...values) =>
          say("close", connection.path, ...values, list()),
        );
      });
      say("an array", Array.isArray(server.connections), server.connections.length);
      const ends = new Map();
      for (const path of ["/first", "/second", "/third"]) {
        const met = stage.once(server, "connection");
        const peer = await stage.rawClient({ port, path, tellFrames: false });
        const [connection] = await met;
        ends.set(path, { peer, connection });
      }
      for (const path of ["/second", "/first", "/third"]) {
        const { peer, connection } = ends.get(path);
        const closed = stage.once(connection, "close");
        peer.sendClose(1000, `${path} leaves`);
        await closed;
        peer.end();
      }
      say("left", list());
    },
  },
  {
    name: "a broadcast over connections",
    rows: ["2.connections", "5.send-text"],
    async run(stage) {
      const { server, port } = await serve(stage);
      const peers = [];
      for (const lane of ["client a", "client b", "client c"]) {
        const met = stage.once(server, "connection");
        const peer = await stage.rawClient({ port, lane });
        await met;
        await peer.head();
        peers.push(peer);
      }
      for (const connection of server.connections) connection.sendText("to all");
      for (const peer of peers) await peer.frame();
    },
  },
  {
    name: "connections handshake side by side, and come in the order in which they finish",
    rows: ["2.connections", "9.request-pieces"],
    async run(stage) {
      const { server, port, say } = await serve(stage);
      const slow = await stage.rawClient({ port, request: "GET /slow HTTP/1.1\r\n", lane: "slow" });
      const fast = await stage.rawClient({ port, path: "/fast", lane: "fast" });
      await fast.head();
      slow.write("Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
      slow.write("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
      await slow.head();
      say(server.connections.map((/** @type {any} */ one) => one.path));
    },
  },
  {
    name: "connection comes within the connection's own connect event",
    rows: ["2.event-connection", "8.connect"],
    async run(stage) {
      const say = stage.lane("server");
      const { server, port } = await serve(stage, {
        options: {
          selectProtocol: (/** @type {any} */ connection) => {
            connection.on("connect", () => say("connect, listener from before the handshake", connection.readyState));
          },
        },
      });
      server.on("connection", (/** @type {any} */ connection) => {
        say("connection", connection.readyState, server.connections.includes(connection));
        process.nextTick(() => say("next tick"));
      });
      const peer = await stage.rawClient({ port, fields: { "Sec-WebSocket-Protocol": "a" } });
      await peer.head();
      await stage.turns(2);
    },
  },
  {
    name: "close waits for the open connection, which stays usable, and refuses new ones",
    rows: ["2.close", "2.event-close", "2.close-callback"],
    async run(stage) {
      const { server, connection, peer, say, port } = await serverEnd(stage);
      stage.watch(server, say, "close");
      stage.attempt("close", () => server.close(() => say("callback")), say);
      const refused = net.connect({ port, host: "127.0.0.1" });
      const [error] = await stage.once(refused, "error");
      stage.say("a new client", error.code);
      peer.send({ payload: "still there?" });
      await stage.once(connection, "text");
      connection.sendText("yes");
      await peer.frame();
      const closed = stage.once(server, "close");
      await leave(stage, connection, peer);
      await closed;
    },
  },
  {
    name: "close without connections",
    rows: ["2.close", "2.event-close"],
    async run(stage) {
      const { server, say } = await serve(stage);
      stage.watch(server, say, "close", "error");
      const closed = stage.once(server, "close");
      stage.attempt("close", () => server.close(), say);
      say("close has returned");
      await closed;
    },
  },
  {
    name: "the callback of close is called once",
    rows: ["2.close-callback"],
    async run(stage) {
      const { server, say } = await serve(stage);
      const closed = stage.once(server, "close");
      server.close((/** @type {unknown[]} */ ...values) => say("callback", ...values));
      await closed;
      server.emit("close");
      say("emitted again");
    },
  },
  {
    name: "a pending handshake holds the close event back",
    rows: ["2.event-close", "2.silent-failures"],
    async run(stage) {
      const { server, port, say } = await serve(stage);
      stage.watch(server, say, "close", "connection", "error");
      const arrived = stage.once(server.socket, "connection");
      const peer = await stage.rawClient({ port, request: "GET / HTTP/1.1\r\nHost: a\r\n" });
      await arrived;
      const closed = stage.once(server, "close");
      server.close();
      await stage.turns(10);
      say("the handshake is still pending");
      peer.end();
      await closed;
      await peer.over();
    },
  },
  {
    name: "a port in use is an error event",
    rows: ["2.event-error"],
    async run(stage) {
      const { port, say } = await serve(stage);
      const second = stage.library.createServer({});
      const failed = stage.once(second, "error");
      stage.watch(second, say, "error", "listening");
      second.listen(port, "127.0.0.1");
      await failed;
    },
  },
  {
    name: "failed and abandoned handshakes show up in no event",
    rows: ["2.silent-failures"],
    async run(stage) {
      const { server, port, say } = await serve(stage);
      stage.watch(server, say, "connection", "error", "close");
      const bad = await stage.rawClient({ port, request: "GET / HTTP/1.1\r\n\r\n", lane: "bad" });
      await bad.over();
      bad.end();
      for (const leaveIn of ["end", "reset"]) {
        const arrived = stage.once(server.socket, "connection");
        const peer = await stage.rawClient({ port, request: "GET / HTTP/1.1\r\nHost: a\r\n", tellFrames: false });
        const [socket] = await arrived;
        const gone = stage.once(socket, "close");
        if (leaveIn === "end") peer.end();
        else peer.reset();
        await gone;
      }
      const met = stage.once(server, "connection");
      await stage.rawClient({ port, tellFrames: false });
      await met;
      say("connections", server.connections.length);
    },
  },
  {
    name: "two servers know nothing of each other",
    rows: ["2.connections"],
    async run(stage) {
      const one = await bothEnds(stage, { path: "one" });
      const two = await serve(stage);
      stage.say("connections", one.server.connections.length, two.server.connections.length);
      stage.say("server", one.atServer.server === one.server, one.atServer.server === two.server);
    },
  },
  {
    name: "an echo server and its client, from connect to close",
    rows: ["5.send-text", "8.text", "7.own-close", "8.order"],
    async run(stage) {
      const { server, url } = await serve(stage);
      server.on("connection", (/** @type {any} */ connection) => {
        watchConnection(stage, connection, "server");
        connection.on("text", (/** @type {string} */ text) => connection.sendText(`${text.toUpperCase()}!!!`));
      });
      const client = stage.library.connect(url, () => client.sendText("hi"));
      watchConnection(stage, client, "client");
      await stage.once(client, "text");
      const closed = stage.once(server.connections[0], "close");
      client.close(1000, "bye");
      await closed;
      await stage.turns();
    },
  },
];
