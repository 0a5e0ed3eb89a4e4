import net from "node:net";
import { pick, refusal, watchConnection } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/handshake.js").Fields} Fields */

/** A client whose events are written, and the raw server's end of its attempt.
 * @param {Stage} stage
 * @param {{ args?: unknown[], config?: object }} [options] */
async function attempt(stage, { args = [], config } = {}) {
  const raw = await stage.rawServer({ tellFrames: false });
  const client = new stage.library.client(config);
  const say = stage.lane("client");
  const ended = new Promise((resolve) => {
    client.on("connect", (connection) => {
      say("connect", pick(connection, "connected", "webSocketVersion"), connection.protocol?.toLowerCase());
      watchConnection(stage, connection, say);
      resolve(undefined);
    });
    client.on("connectFailed", (error) => {
      say("connectFailed", error);
      resolve(undefined);
    });
  });
  client.connect(raw.url, ...args);
  const peer = await raw.next();
  return { client, peer, ended, say };
}

/** @param {Stage} stage
 * @param {Fields} fields
 * @param {unknown[]} [args] */
async function answer(stage, fields, args = []) {
  const { peer, ended } = await attempt(stage, { args });
  await peer.answer(fields);
  await ended;
  await stage.turns();
}

/** Answers that a client refuses.
 * @type {[string, string[], Fields, unknown[]][]} */
const WRONG = [
  ["no protocol although some were asked", ["5.protocol-absent"], {}, ["chat"]],
  ["another protocol", ["5.protocol-other"], { "Sec-WebSocket-Protocol": "talk" }, ["chat"]],
  ["the protocol in another case", ["5.protocol-other"], { "Sec-WebSocket-Protocol": "CHAT" }, ["chat"]],
  ["another Upgrade field", ["5.upgrade-header"], { Upgrade: "h2c" }, []],
  ["no accept value", ["5.accept-absent"], { "Sec-WebSocket-Accept": undefined }, []],
  ["a wrong accept value", ["5.accept-wrong"], { "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" }, []],
];

const everythingWrong = { Upgrade: "y", "Sec-WebSocket-Accept": "z" };

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...WRONG.map(([what, rows, fields, args]) => ({
    name: `a client refuses ${what}`,
    rows: [...rows, "5.failed-ends"],
    /** @param {Stage} stage */
    async run(stage) {
      const { client, peer, ended } = await attempt(stage, { args });
      await peer.answer(fields);
      await ended;
      await peer.over();
      peer.end();
      await stage.turns();
      stage.say("connection", client.connection);
    },
  })),
  {
    name: "the checks of an answer go in the order protocol, Upgrade, accept",
    rows: ["5.check-order"],
    async run(stage) {
      await answer(stage, everythingWrong, ["chat"]);
      await answer(stage, everythingWrong);
      await answer(stage, { ...everythingWrong, Upgrade: "websocket" });
    },
  },
  {
    name: "case does not matter in Connection and Upgrade",
    rows: ["5.connection-case", "5.upgrade-header"],
    async run(stage) {
      await answer(stage, { Connection: "uPGRADE", Upgrade: "WebSocket" });
    },
  },
  {
    name: "one of the asked protocols is taken",
    rows: ["5.protocol-other", "5.protocol-forms"],
    async run(stage) {
      await answer(stage, { "Sec-WebSocket-Protocol": "second" }, [["first", "second"]]);
      await answer(stage, {}, [""]);
    },
  },
  {
    name: "another status without a listener for httpResponse fails with a text of all headers",
    rows: ["5.non-101"],
    async run(stage) {
      const { peer, ended } = await attempt(stage);
      peer.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nX-Reason: none\r\n\r\n");
      await ended;
      const other = await attempt(stage);
      other.peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nhi");
      await other.ended;
    },
  },
  {
    name: "another status with a listener for httpResponse is only told to it",
    rows: ["5.http-response"],
    async run(stage) {
      const { client, peer, say } = await attempt(stage);
      const told = stage.once(client, "httpResponse");
      client.on("httpResponse", (response, itself) => {
        say("httpResponse", response.statusCode, response.headers["x-reason"], itself === client);
      });
      peer.write("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nX-Reason: because\r\n\r\n");
      await told;
      await peer.over();
    },
  },
  {
    name: "a refusing server of the library: connectFailed with its reason",
    rows: ["5.non-101", "4.reject-full"],
    async run(stage) {
      const { server, url } = await stage.http();
      const ws = new stage.library.server({ httpServer: server });
      ws.on("request", (request) => request.reject(403, "not you"));
      const client = new stage.library.client();
      client.on("connect", () => stage.say("connect"));
      const failed = stage.once(client, "connectFailed");
      client.connect(url);
      const [error] = await failed;
      stage.say("connectFailed", error.name, ...refusal(error.message.split("\n")));
    },
  },
  {
    name: "a refused connection: connectFailed with Node's error",
    rows: ["5.network-error"],
    async run(stage) {
      const server = net.createServer();
      const port = await stage.listen(server);
      await new Promise((resolve) => server.close(resolve));
      const client = new stage.library.client();
      const failed = stage.once(client, "connectFailed");
      stage.attempt("connect", () => client.connect(`ws://127.0.0.1:${port}/`));
      const [error] = await failed;
      stage.say("connectFailed", error, pick(error, "code", "syscall", "address", "port"));
    },
  },
  {
    name: "a server that hangs up: connectFailed with Node's error",
    rows: ["5.network-error"],
    async run(stage) {
      const { peer, ended } = await attempt(stage);
      peer.end();
      await ended;
      const other = await attempt(stage);
      other.peer.reset();
      await other.ended;
    },
  },
  {
    name: "an untrusted certificate: connectFailed with Node's error",
    rows: ["5.network-error", "tls.client"],
    async run(stage) {
      const { url } = await stage.http({ tls: true });
      const client = new stage.library.client();
      const failed = stage.once(client, "connectFailed");
      client.connect(url);
      const [error] = await failed;
      stage.say("connectFailed", error.code);
    },
  },
  {
    name: "abort cancels an attempt",
    rows: ["5.abort"],
    async run(stage) {
      const { client, peer, ended, say } = await attempt(stage);
      stage.attempt("abort", () => client.abort(), say);
      await ended;
      await peer.over();
      stage.attempt("abort again", () => client.abort(), say);
      stage.attempt("abort of a new client", () => new stage.library.client().abort(), say);
    },
  },
  {
    name: "abort of an open connection has no effect",
    rows: ["5.abort"],
    async run(stage) {
      const { client, peer, ended } = await attempt(stage);
      const connected = stage.once(client, "connect");
      await peer.answer();
      const [connection] = await connected;
      await ended;
      client.abort();
      const message = stage.once(connection, "message");
      peer.send({ payload: "still open" });
      await message;
    },
  },
  {
    name: "connect comes before messages that came together with the answer",
    rows: ["5.connect-then-data"],
    async run(stage) {
      const raw = await stage.rawServer();
      const client = new stage.library.client();
      const say = stage.lane("client");
      const closed = new Promise((resolve) => {
        client.on("connect", (connection) => {
          say("connect");
          connection.on("message", (message) => say("message", message));
          connection.on("close", (code, text) => {
            say("close", code, text);
            resolve(undefined);
          });
        });
      });
      client.connect(raw.url);
      const peer = await raw.next();
      // Two messages and a Close frame; what that one is answered with is free.
      const early = Buffer.from("810568656c6c6f8103796f75880203e9", "hex");
      peer.tellFrames = false;
      await peer.answer({}, undefined, early);
      say("answered with", (await peer.frame())?.opcode);
      await peer.over();
      peer.end();
      await closed;
    },
  },
  {
    name: "one client object, two attempts",
    rows: ["5.second-connect"],
    async run(stage) {
      const raw = await stage.rawServer({ tellFrames: false });
      const client = new stage.library.client();
      for (const protocol of ["one", "two"]) {
        const connected = stage.once(client, "connect");
        client.connect(raw.url, protocol);
        const peer = await raw.next();
        await peer.answer({ "Sec-WebSocket-Protocol": protocol });
        const [connection] = await connected;
        stage.say("protocol", connection.protocol, connection.connected);
        client.removeAllListeners();
      }
    },
  },
  {
    name: "client connections have no remoteAddresses",
    rows: ["5.no-remote-addresses"],
    async run(stage) {
      const { client, peer, ended } = await attempt(stage);
      const connected = stage.once(client, "connect");
      await peer.answer();
      await ended;
      const [connection] = await connected;
      stage.say("addresses", pick(connection, "remoteAddress", "remoteAddresses"));
    },
  },
];
