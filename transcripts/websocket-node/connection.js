import { bothEnds, clientEnd, closeFrom, pick, serverEnd } from "./acts/ends.js";

const OPEN = [
  ...["protocol", "extensions", "remoteAddress", "remoteAddresses", "webSocketVersion", "connected"],
  ...["closeReasonCode", "closeDescription", "closeEventEmitted", "state", "outputBufferFull", "inputPaused"],
  ...["waitingForCloseResponse", "maskOutgoingPackets", "closeTimeout", "assembleFragments", "maxReceivedMessageSize"],
];
const CLOSED = [
  ...["connected", "closeReasonCode", "closeDescription", "closeEventEmitted", "state", "socketHadError"],
  "waitingForCloseResponse",
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "the connection class has the close codes and their texts",
    rows: ["6.statics"],
    run({ library: { connection }, say }) {
      const codes = Object.keys(connection).filter((name) => name.startsWith("CLOSE_REASON_"));
      say("codes", pick(connection, ...codes));
      say("texts", { ...connection.CLOSE_DESCRIPTIONS });
    },
  },
  {
    name: "members of a server's connection while open and after the close",
    rows: ["6.properties-server"],
    async run(stage) {
      const client = { fields: { "Sec-WebSocket-Protocol": "Chat" } };
      const { connection, peer, request } = await serverEnd(stage, { client, accept: ["chat"] });
      stage.say("open", pick(connection, ...OPEN));
      stage.say(
        "own",
        OPEN.filter((name) => !Object.hasOwn(connection, name)),
        connection.socket === request.socket,
      );
      const closed = stage.once(connection, "close");
      closeFrom(peer, 1000, "done");
      await peer.over();
      peer.end();
      await closed;
      stage.say("closed", pick(connection, ...CLOSED));
    },
  },
  {
    name: "members of a client's connection while open and after the close",
    rows: ["6.properties-client"],
    async run(stage) {
      const { connection, peer } = await clientEnd(stage, {
        args: ["chat"],
        answer: { "Sec-WebSocket-Protocol": "chat" },
      });
      stage.say("open", pick(connection, ...OPEN));
      const closed = stage.once(connection, "close");
      closeFrom(peer, 1000, "done");
      await peer.over();
      peer.end();
      await closed;
      stage.say("closed", pick(connection, ...CLOSED));
    },
  },
  {
    name: "a connection of version 8 without protocol",
    rows: ["6.properties-server", "6.properties-client", "5.request-version"],
    async run(stage) {
      const { atServer, atClient } = await bothEnds(stage, { clientConfig: { webSocketVersion: 8 } });
      stage.say("server", pick(atServer, "webSocketVersion", "extensions"), atServer.protocol ?? null);
      stage.say("client", pick(atClient, "webSocketVersion", "extensions"), atClient.protocol ?? null);
    },
  },
  {
    name: "state while closing by itself",
    rows: ["6.states", "9.close-at-once"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage);
      const state = () =>
        pick(connection, "state", "connected", "closeReasonCode", "closeDescription", "waitingForCloseResponse");
      say("before", state());
      connection.close(1001, "going");
      say("after close()", state());
      connection.on("close", () => say("at close", state()));
      const closed = stage.once(connection, "close");
      await peer.frame();
      closeFrom(peer, 1001);
      peer.end();
      await closed;
    },
  },
  {
    name: "state while the peer closes",
    rows: ["6.states", "9.peer-close"],
    async run(stage) {
      const { connection, peer, say } = await clientEnd(stage);
      connection.on("close", () => say("at close", connection.state, connection.connected));
      const closed = stage.once(connection, "close");
      closeFrom(peer, 4000, "leave");
      await peer.over();
      say(
        "before the end",
        connection.state,
        connection.connected,
        connection.closeReasonCode,
        connection.closeDescription,
      );
      peer.end();
      await closed;
    },
  },
  {
    name: "the socket is Node's: it can be destroyed, and has no time limit",
    rows: ["6.socket"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage);
      stage.say(
        "socket",
        connection.socket.constructor.name,
        connection.socket.timeout,
        connection.socket.remoteAddress,
      );
      const closed = stage.once(connection, "close");
      connection.socket.destroy();
      await closed;
      await peer.over();
      stage.say("after", pick(connection, "connected", "state"));
    },
  },
  {
    name: "over TLS the socket is a TLS socket",
    rows: ["6.socket", "tls.server", "tls.client"],
    async run(stage) {
      const { atServer, atClient } = await bothEnds(stage, { tls: true });
      stage.say("server", atServer.socket.encrypted, atServer.remoteAddress);
      stage.say("client", atClient.socket.encrypted, atClient.socket.getPeerCertificate().subject.CN);
      const answered = stage.once(atClient, "message");
      atServer.on("message", (message) => atServer.sendUTF(message.utf8Data));
      atClient.sendUTF("over TLS");
      await answered;
      const closed = [stage.once(atServer, "close"), stage.once(atClient, "close")];
      atServer.close(1000, "end");
      await Promise.all(closed);
    },
  },
  {
    name: "pause holds messages back, resume lets them come",
    rows: ["8.pause"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage);
      stage.attempt("pause", () => connection.pause(), say);
      say("inputPaused", connection.inputPaused);
      peer.send({ payload: "one" }, { payload: "two" });
      await stage.turns(20);
      say("nothing so far");
      const two = new Promise((resolve) => {
        connection.on("message", (message) => message.utf8Data === "two" && resolve(undefined));
      });
      stage.attempt("resume", () => connection.resume(), say);
      say("inputPaused", connection.inputPaused);
      await two;
    },
  },
  {
    name: "pause and resume of a client, with their events",
    rows: ["8.pause"],
    async run(stage) {
      const { connection, peer, say } = await clientEnd(stage);
      await stage.turns();
      stage.watch(connection, say, "pause", "resume");
      connection.pause();
      await stage.turns();
      peer.send({ payload: "held" });
      await stage.turns(20);
      const message = stage.once(connection, "message");
      connection.resume();
      await message;
    },
  },
  {
    name: "outputBufferFull while the peer does not read, drain when it has",
    rows: ["8.drain", "8.send-frame"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage, { config: { fragmentOutgoingMessages: false } });
      peer.tellFrames = false;
      peer.socket.pause();
      const big = Buffer.alloc(1 << 20, 7);
      say("before", connection.outputBufferFull);
      let count = 0;
      while (!connection.outputBufferFull && count < 64) {
        connection.sendBytes(big);
        count += 1;
      }
      say("full", connection.outputBufferFull);
      const drained = stage.once(connection, "drain");
      connection.on("drain", () => say("drain", connection.outputBufferFull));
      peer.socket.resume();
      await drained;
      const frames = await peer.frames(count);
      say(
        "all there",
        frames.every((frame) => frame?.payload.length === big.length),
      );
    },
  },
];
