import { closeFrom, pick, refusal, serve, serverEnd, watchConnection } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** Write the requests' decisions and the server's own events.
 * @param {Stage} stage
 * @param {any} ws
 * @param {string} [lane] */
function watchServer(stage, ws, lane = "server") {
  const say = stage.lane(lane);
  ws.on("connect", (connection) => say("connect", connection.protocol, ws.connections.indexOf(connection)));
  ws.on("close", (connection, code, text) => say("close", code, text, ws.connections.indexOf(connection)));
  ws.on("upgradeError", (error) => say("upgradeError", error));
  return say;
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "a server made without options does nothing before mount",
    rows: ["3.constructor", "3.properties", "3.mount-error", "3.unmount-never"],
    async run(stage) {
      const ws = new stage.library.server();
      stage.say("before", pick(ws, "config", "connections", "pendingRequests"));
      stage.attempt("mount()", () => ws.mount());
      stage.attempt("mount({})", () => ws.mount({}));
      stage.attempt("new server({})", () => new stage.library.server({}));
      try {
        new stage.library.server().unmount();
      } catch (error) {
        stage.say("unmount throws a TypeError", error instanceof TypeError);
      }
      const { server } = await stage.http();
      stage.attempt("mount", () => ws.mount({ httpServer: server }));
      stage.say("upgrade listeners", server.listenerCount("upgrade"));
      stage.say("after", pick(ws, "connections", "pendingRequests"));
    },
  },
  {
    name: "the constructor mounts when it is given options, on each http server of a list",
    rows: ["3.constructor", "3.mount-several", "2.config-copied"],
    async run(stage) {
      const [first, second] = [await stage.http(), await stage.http()];
      const given = [first.server, second.server];
      const ws = new stage.library.server({ httpServer: given, autoAcceptConnections: true });
      stage.say("listeners", first.server.listenerCount("upgrade"), second.server.listenerCount("upgrade"));
      stage.say("config", ws.config.httpServer.length, given.length);
      const say = watchServer(stage, ws);
      for (const { port } of [first, second]) {
        const peer = await stage.rawClient({ port, tellFrames: false });
        stage.say("answer", (await peer.head())[0]);
      }
      say("connections", ws.connections.length);
      ws.unmount();
      stage.say("listeners", first.server.listenerCount("upgrade"), second.server.listenerCount("upgrade"));
    },
  },
  {
    name: "several server objects, each on an http server of its own, know only their own connections",
    rows: ["3.two-servers", "3.broadcast"],
    async run(stage) {
      const one = await serve(stage, { autoAcceptConnections: true });
      const two = await serve(stage, { autoAcceptConnections: true });
      const first = await stage.rawClient({ port: one.port, lane: "client of one" });
      const second = await stage.rawClient({ port: two.port, lane: "client of two" });
      await Promise.all([first.head(), second.head()]);
      stage.say("connections", one.ws.connections.length, two.ws.connections.length);
      one.ws.broadcast("for one");
      two.ws.broadcast("for two");
      await Promise.all([first.frame(), second.frame()]);
      one.ws.closeAllConnections();
      await first.frame();
      stage.say("of two", two.ws.connections.length);
    },
  },
  {
    name: "after unmount an upgrade is an ordinary request, and connections go on",
    rows: ["3.unmount", "3.mount-again"],
    async run(stage) {
      const { server, port } = await stage.http({
        handler: (request, response) => {
          stage.say("http", request.method, request.url, request.headers.upgrade);
          response.writeHead(426, { Connection: "close" }).end("no upgrade");
        },
      });
      const ws = new stage.library.server({ httpServer: server, autoAcceptConnections: true });
      const connected = stage.once(ws, "connect");
      const peer = await stage.rawClient({ port });
      const [connection] = await connected;
      await peer.head();
      stage.attempt("unmount", () => ws.unmount());
      const plain = await stage.rawClient({ port, path: "/later", lane: "later client" });
      stage.say("later", (await plain.head())[0]);
      const message = stage.once(connection, "message");
      peer.send({ payload: "still here" });
      stage.say("message", ...(await message));
      stage.say("connections", ws.connections.length);
      ws.mount({ httpServer: server, autoAcceptConnections: true });
      const again = await stage.rawClient({ port, lane: "last client" });
      stage.say("again", (await again.head())[0]);
      stage.say("connections", ws.connections.length);
    },
  },
  {
    name: "closeAllConnections closes connections and refuses undecided requests with 503",
    rows: ["3.close-all", "3.pending"],
    async run(stage) {
      const { ws, port } = await serve(stage);
      const say = watchServer(stage, ws);
      let asked = 0;
      ws.on("request", (request) => {
        asked += 1;
        say("request", asked);
        request.on("requestRejected", () => say("rejected"));
        if (asked === 1) watchConnection(stage, request.accept(), stage.lane("connection"));
        if (asked === 3) ws.emit("three");
      });
      const three = stage.once(ws, "three");
      const open = await stage.rawClient({ port, lane: "open" });
      await open.head();
      const second = await stage.rawClient({ port, lane: "second" });
      const third = await stage.rawClient({ port, lane: "third" });
      await three;
      say("pending", ws.pendingRequests.length, "connections", ws.connections.length);
      stage.attempt("closeAllConnections", () => ws.closeAllConnections(), say);
      say("pending", ws.pendingRequests.length);
      stage.say("second", refusal(await second.head()));
      stage.say("third", refusal(await third.head()));
      await open.frame();
      closeFrom(open, 1000);
      const closed = stage.once(ws, "close");
      open.end();
      await closed;
      say("connections", ws.connections.length, "pending", ws.pendingRequests.length);
    },
  },
  {
    name: "shutDown unmounts and closes, and the http server goes on",
    rows: ["3.shut-down"],
    async run(stage) {
      const { ws, server, peer } = await shutDownStage(stage);
      stage.attempt("shutDown", () => ws.shutDown());
      stage.say("listeners", server.listenerCount("upgrade"), "listening", server.listening);
      await peer.frame();
      const closed = stage.once(ws, "close");
      peer.end();
      await closed;
      stage.say("connections", ws.connections.length);
    },
  },
  {
    name: "broadcasts reach each connection",
    rows: ["3.broadcast"],
    async run(stage) {
      const { ws, port } = await serve(stage, { autoAcceptConnections: true });
      const peers = [];
      for (const lane of ["first", "second", "third"]) {
        const peer = await stage.rawClient({ port, lane });
        await peer.head();
        peers.push(peer);
      }
      stage.attempt("broadcast of text", () => ws.broadcast("text"));
      stage.attempt("broadcast of a Buffer", () => ws.broadcast(Buffer.from([1, 2, 3])));
      stage.attempt("broadcast of a number", () => ws.broadcast(17));
      stage.attempt("broadcast of an object", () => ws.broadcast({ toString: () => "object" }));
      stage.attempt("broadcastUTF", () => ws.broadcastUTF("utf"));
      stage.attempt("broadcastBytes", () => ws.broadcastBytes(Buffer.from("bytes")));
      for (const peer of peers) await peer.frames(6);
    },
  },
  {
    name: "broadcasts go through sendUTF and sendBytes of each connection",
    rows: ["3.broadcast"],
    async run(stage) {
      const { ws, connection } = await serverEnd(stage, { watch: false });
      connection.sendUTF = (...values) => stage.say("sendUTF", ...values);
      connection.sendBytes = (...values) => stage.say("sendBytes", ...values);
      ws.broadcast("text");
      ws.broadcast(Buffer.from("x"));
      ws.broadcastUTF("utf");
      ws.broadcastBytes(Buffer.from("y"));
    },
  },
  {
    name: "handleUpgrade can be called by hand",
    rows: ["3.handle-upgrade"],
    async run(stage) {
      const { server, port } = await stage.http();
      const elsewhere = await stage.http();
      const ws = new stage.library.server({ httpServer: elsewhere.server, autoAcceptConnections: true });
      watchServer(stage, ws);
      server.on("upgrade", (request, socket) => ws.handleUpgrade(request, socket));
      const connected = stage.once(ws, "connect");
      const peer = await stage.rawClient({ port });
      const [connection] = await connected;
      await peer.head();
      const message = stage.once(connection, "message");
      peer.send({ payload: "by hand" });
      stage.say("message", ...(await message));
    },
  },
  {
    name: "requests that arrive together wait in pendingRequests in order, until they are decided or their sockets close",
    rows: ["3.pending", "3.properties", "4.decide-later"],
    async run(stage) {
      const { ws, port } = await serve(stage);
      const say = watchServer(stage, ws);
      const peers = [];
      const requests = [];
      for (const path of ["/a", "/b", "/c"]) {
        const asked = stage.once(ws, "request");
        peers.push(await stage.rawClient({ port, path, lane: path, tellFrames: false }));
        requests.push((await asked)[0]);
      }
      const pending = () => ws.pendingRequests.map(({ resource }) => resource);
      say("pending", pending(), "listed", ws.pendingRequests[0] === requests[0]);
      requests[1].accept();
      say("pending", pending(), "connections", ws.connections.length);
      requests[2].reject();
      say("pending", pending());
      const gone = stage.once(requests[0].socket, "close");
      requests[0].socket.destroy();
      await gone;
      say("pending", pending());
    },
  },
  {
    name: "without a listener a request is refused with 404",
    rows: ["3.no-listener"],
    async run(stage) {
      const { ws, port } = await serve(stage);
      watchServer(stage, ws);
      const peer = await stage.rawClient({ port });
      stage.say("head", refusal(await peer.head()));
      await peer.over();
      stage.say("body", peer.body, "pending", ws.pendingRequests.length);
    },
  },
  {
    name: "autoAcceptConnections takes the first protocol and the request's origin, without a request event",
    rows: ["3.auto-accept", "3.event-connect"],
    async run(stage) {
      const { ws, port } = await serve(stage, { autoAcceptConnections: true });
      const say = watchServer(stage, ws);
      ws.on("request", () => say("request"));
      const fields = { "Sec-WebSocket-Protocol": "Chat, other", Origin: "http://here.example" };
      const peer = await stage.rawClient({ port, fields });
      stage.say("head", refusal(await peer.head()));
      const other = await stage.rawClient({ port, lane: "other client" });
      stage.say("head", refusal(await other.head()));
    },
  },
  {
    name: "connect fires inside accept, after requestResolved and before requestAccepted of the application",
    rows: ["3.event-connect", "3.event-request", "4.accept-order"],
    async run(stage) {
      const { ws, port } = await serve(stage);
      const say = stage.lane("server");
      ws.on("connect", (connection) => say("connect", ws.connections.indexOf(connection), ws.pendingRequests.length));
      ws.on("request", (request) => {
        say("request", ws.pendingRequests.length);
        request.on("requestResolved", (one) => say("requestResolved", one === request));
        request.on("requestAccepted", (connection) => say("requestAccepted", connection.connected));
        request.on("requestRejected", () => say("requestRejected"));
        const connection = request.accept(null, request.origin);
        say("accepted", connection.connected, ws.connections.includes(connection));
      });
      const peer = await stage.rawClient({ port });
      stage.say("head", (await peer.head())[0]);
    },
  },
  {
    name: "connections are listed in the order of acceptance and leave when they close",
    rows: ["3.properties", "3.event-close"],
    async run(stage) {
      const { ws, port } = await serve(stage);
      const say = watchServer(stage, ws);
      ws.on("request", (request) => {
        const connection = request.accept();
        connection.name = request.resource;
      });
      const peers = [];
      for (const path of ["/1", "/2", "/3"]) {
        const peer = await stage.rawClient({ port, path, lane: path });
        await peer.head();
        peers.push(peer);
      }
      const names = () => ws.connections.map(({ name }) => name);
      say("names", names());
      const closed = stage.once(ws, "close");
      closeFrom(/** @type {any} */ (peers[1]), 1001, "leaving");
      await peers[1]?.over();
      peers[1]?.end();
      await closed;
      say("names", names());
    },
  },
  {
    name: "the server's close comes before the application's, when the connection has left the list",
    rows: ["3.event-close", "9.order"],
    async run(stage) {
      const { ws, connection, peer, say } = await serverEnd(stage, { watch: false });
      connection.on("close", (...values) => say("application", ...values, ws.connections.length));
      ws.on("close", (which, ...values) => say("server", which === connection, ...values, ws.connections.length));
      const closed = stage.once(connection, "close");
      closeFrom(peer, 3001, "mine");
      await peer.over();
      peer.end();
      await closed;
    },
  },
  {
    name: "upgradeError comes after the error response, and no request",
    rows: ["3.event-upgrade-error"],
    async run(stage) {
      const { ws, port } = await serve(stage);
      const say = watchServer(stage, ws);
      ws.on("request", () => say("request"));
      const failed = stage.once(ws, "upgradeError");
      const peer = await stage.rawClient({ port, fields: { "Sec-WebSocket-Key": undefined } });
      stage.say("head", refusal(await peer.head()));
      await failed;
      await peer.over();
      say("pending", ws.pendingRequests.length);
    },
  },
];

/** @param {Stage} stage */
async function shutDownStage(stage) {
  const { ws, server, port } = await serve(stage, { autoAcceptConnections: true });
  watchServer(stage, ws);
  const peer = await stage.rawClient({ port });
  await peer.head();
  return { ws, server, peer };
}
