import { bothEnds, calm, clientEnd, dial, pick, serverEnd } from "./acts/ends.js";

/** A server with these options meets clients with these lists.
 * @type {[string, object, (string | string[])[]][]} */
const CHOICES = [
  ["the first of the client's list that is valid", { validProtocols: ["a", "b"] }, ["b, a", "x, a, b", "a", "b,a"]],
  ["names are compared exactly", { validProtocols: ["Chat"] }, ["chat", "CHAT", "Chat", "chat, Chat"]],
  ["no agreement", { validProtocols: ["a"] }, ["x", "x, y"]],
  ["no option", {}, ["a, b"]],
  ["nothing is valid", { validProtocols: [] }, ["a"]],
  ["blanks around names", { validProtocols: ["b"] }, ["a ,  b", " b ", "a,b ,c"]],
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...CHOICES.map(([what, options, lists]) => ({
    name: `which protocol the server chooses: ${what}`,
    rows: ["2.valid-protocols", "2.no-agreement", "9.protocol-list", "9.good-answer", "4.protocols"],
    /** @param {import("../kit/stage.js").Stage} stage */
    async run(stage) {
      for (const list of lists) {
        const { connection, peer, say } = await serverEnd(stage, {
          options,
          client: { fields: { "Sec-WebSocket-Protocol": list } },
        });
        say("list", pick(connection, "protocols", "protocol"));
        peer.say("answer", await peer.head());
      }
    },
  })),
  {
    name: "no protocol is asked for, though the server has some",
    rows: ["2.valid-protocols", "2.select-protocol", "4.protocols"],
    async run(stage) {
      const selectProtocol = () => stage.say("selectProtocol is called");
      for (const options of [{ validProtocols: ["a"] }, { selectProtocol }]) {
        const { connection, peer, say } = await serverEnd(stage, { options });
        say("list", pick(connection, "protocols", "protocol"));
        peer.say("answer", await peer.head());
      }
    },
  },
  {
    name: "what selectProtocol is given",
    rows: ["2.select-protocol"],
    async run(stage) {
      const say = stage.lane("server");
      const selectProtocol = (/** @type {any} */ connection, /** @type {string[]} */ list) => {
        say("connection", connection, pick(connection, "readyState", "path", "key", "protocol"));
        say("headers", connection.headers["x-own"], connection.headers.upgrade);
        say("list", list, connection.protocols === list);
        say("listed", connection.server.connections.length);
        return "b";
      };
      const { connection, peer } = await serverEnd(stage, {
        options: { selectProtocol },
        client: { path: "/chat?room=1", fields: { "Sec-WebSocket-Protocol": "a, b", "X-Own": "mine" } },
      });
      say("protocol", connection.protocol);
      peer.say("answer", await peer.head());
    },
  },
  {
    name: "selectProtocol chooses nothing",
    rows: ["2.select-protocol", "2.no-agreement"],
    async run(stage) {
      for (const nothing of [undefined, null, ""]) {
        const { connection, peer, say } = await serverEnd(stage, {
          options: { selectProtocol: () => nothing },
          client: { fields: { "Sec-WebSocket-Protocol": "a" } },
        });
        say("protocol", Boolean(connection.protocol));
        peer.say("answer", await peer.head());
      }
    },
  },
  {
    name: "selectProtocol wins over validProtocols",
    rows: ["2.select-protocol"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage, {
        options: { validProtocols: ["a"], selectProtocol: () => "b" },
        client: { fields: { "Sec-WebSocket-Protocol": "a, b" } },
      });
      say("protocol", connection.protocol);
      peer.say("answer", await peer.head());
    },
  },
  {
    name: "both ends agree",
    rows: ["3.protocols", "4.protocols", "2.valid-protocols"],
    async run(stage) {
      const protocols = ["x", "chat", "y"];
      const { atServer, atClient, sayServer, sayClient } = await bothEnds(stage, {
        options: { validProtocols: ["y", "chat"] },
        clientOptions: { protocols },
      });
      sayServer("list", pick(atServer, "protocols", "protocol"));
      sayClient("list", pick(atClient, "protocols", "protocol"));
    },
  },
  {
    name: "the client's list in its request, and the server's choice",
    rows: ["3.protocols", "4.protocols"],
    async run(stage) {
      const { connection, peer, say } = await clientEnd(stage, {
        options: { protocols: ["a", "b", "c"] },
        answer: { "Sec-WebSocket-Protocol": "b" },
      });
      say("list", pick(connection, "protocols", "protocol"));
      const line = (await peer.head()).find((one) => one.startsWith("Sec-WebSocket-Protocol"));
      peer.say("asked", line);
    },
  },
  {
    name: "an empty list asks for nothing",
    rows: ["3.protocols", "4.protocols"],
    async run(stage) {
      const { connection, peer, say } = await dial(stage, { options: { protocols: [] } });
      say("list", pick(connection, "protocols", "protocol"));
      peer.say(
        "asked",
        (await peer.head()).filter((one) => /protocol/i.test(one)),
      );
      await peer.answer();
      await stage.once(connection, "connect");
    },
  },
  {
    name: "the server finds no common protocol, and the client gives up",
    rows: ["2.no-agreement", "9.answer-none-negotiated", "8.order"],
    async run(stage) {
      const server = calm(stage.library.createServer({ validProtocols: ["a"] }));
      const listening = stage.once(server, "listening");
      server.listen(0, "127.0.0.1");
      await listening;
      const port = stage.adopt(server.socket);
      const met = stage.once(server, "connection");
      const client = stage.library.connect(`ws://127.0.0.1:${port}/`, { protocols: ["b"] });
      stage.watch(client, stage.lane("client"), "connect", "error", "close");
      const [connection] = await met;
      const closed = stage.once(connection, "close");
      stage.watch(connection, stage.lane("server"), "close");
      await stage.once(client, "close");
      await closed;
    },
  },
];
