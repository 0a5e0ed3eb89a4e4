import { clientEnd, closeFrom, serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const SHORT = {
  keepalive: true,
  keepaliveInterval: 30,
  keepaliveGracePeriod: 30,
  dropConnectionOnKeepaliveTimeout: true,
};

const ENDS = [
  { side: "server", end: serverEnd },
  { side: "client", end: clientEnd },
];

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENDS.flatMap(({ side, end }) => [
    {
      name: `keepalive of a ${side}: pings while the peer answers`,
      rows: ["10.ping", ...(side === "client" ? ["10.client"] : [])],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage, { config: { ...SHORT, keepaliveGracePeriod: 3000 } });
        for (let count = 0; count < 3; count += 1) {
          const ping = await peer.frame();
          say("opcode", ping?.opcode);
          const pong = stage.once(connection, "pong");
          peer.send({ opcode: 10 });
          await pong;
        }
        say("open", connection.connected);
        connection.drop(1000, "end", true);
        await peer.over();
      },
    },
    {
      name: `keepalive of a ${side}: a silent peer is dropped without a Close frame`,
      rows: ["10.drop", ...(side === "client" ? ["10.client"] : [])],
      /** @param {Stage} stage */
      async run(stage) {
        const { connection, peer, say } = await end(stage, { config: SHORT });
        const closed = stage.once(connection, "close");
        await closed;
        say("state", connection.state, connection.closeReasonCode, connection.closeDescription);
        await peer.over();
        peer.end();
        await stage.turns();
      },
    },
    {
      name: `keepalive of a ${side} without drop: pings repeat although nothing comes back`,
      rows: ["10.no-drop", ...(side === "client" ? ["10.client"] : [])],
      /** @param {Stage} stage */
      async run(stage) {
        const config = { keepalive: true, keepaliveInterval: 20, dropConnectionOnKeepaliveTimeout: false };
        const { connection, peer, say } = await end(stage, { config, tellFrames: false });
        const pings = await peer.frames(4);
        say(
          "pings",
          pings.map((ping) => [ping?.opcode, ping?.payload.length]),
        );
        say("open", connection.connected);
      },
    },
  ]),
  {
    name: "any data restarts the interval and saves from the drop",
    rows: ["10.restart"],
    async run(stage) {
      const { connection, peer, say } = await serverEnd(stage, { config: { ...SHORT, keepaliveGracePeriod: 1000 } });
      await peer.frame();
      const message = stage.once(connection, "message");
      peer.send({ payload: "not a pong, but data" });
      await message;
      const started = performance.now();
      await peer.frame();
      say("a whole interval later", performance.now() - started > 20);
      connection.drop(1000, "end", true);
      await peer.over();
    },
  },
  {
    name: "data within the grace period saves from the drop",
    rows: ["10.restart", "10.drop"],
    async run(stage) {
      const config = { ...SHORT, keepaliveInterval: 300, keepaliveGracePeriod: 250 };
      const { connection, peer, say } = await serverEnd(stage, { config });
      await peer.frame();
      peer.send({ payload: "here" });
      await peer.frame();
      say("open", connection.connected);
      connection.drop(1000, "end", true);
      await peer.over();
    },
  },
  {
    name: "keepalive ends with the connection",
    rows: ["10.drop", "7.close-once"],
    async run(stage) {
      const { connection, peer } = await serverEnd(stage, { config: { ...SHORT, keepaliveGracePeriod: 1000 } });
      await peer.frame();
      const closed = stage.once(connection, "close");
      closeFrom(peer, 1000, "done");
      peer.end();
      await closed;
      // Another connection's pings tell when ours would have come.
      const config = { keepalive: true, keepaliveInterval: 40, dropConnectionOnKeepaliveTimeout: false };
      const clock = await serverEnd(stage, { config, tellFrames: false, watch: false });
      await clock.peer.frames(2);
    },
  },
  {
    name: "keepalive off: no pings",
    rows: ["10.off"],
    async run(stage) {
      const off = await serverEnd(stage, { config: { keepalive: false, keepaliveInterval: 10 } });
      // Another connection's pings tell when some would have come.
      const config = { keepalive: true, keepaliveInterval: 20, dropConnectionOnKeepaliveTimeout: false };
      const on = await serverEnd(stage, { config, tellFrames: false, watch: false });
      await on.peer.frames(4);
      off.say("open", off.connection.connected);
    },
  },
  {
    name: "useNativeKeepalive asks the socket and sends no pings",
    rows: ["10.native"],
    async run(stage) {
      const { server, port } = await stage.http();
      const config = { keepalive: true, useNativeKeepalive: true, keepaliveInterval: 25, keepaliveGracePeriod: 1 };
      const ws = new stage.library.server({ httpServer: server, ...config });
      const asked = stage.once(ws, "request");
      const peer = await stage.rawClient({ port });
      const [request] = await asked;
      const setKeepAlive = request.socket.setKeepAlive.bind(request.socket);
      request.socket.setKeepAlive = (...values) => {
        stage.say("setKeepAlive", ...values);
        return setKeepAlive(...values);
      };
      const connection = request.accept();
      await peer.head();
      const other = await serverEnd(stage, {
        config: { keepalive: true, keepaliveInterval: 40, dropConnectionOnKeepaliveTimeout: false },
        tellFrames: false,
      });
      await other.peer.frames(2);
      stage.say("open", connection.connected);
    },
  },
  {
    name: "accept throws for a keepaliveInterval of a wrong type",
    rows: ["10.option-interval"],
    async run(stage) {
      for (const config of [
        { keepaliveInterval: "20" },
        { keepaliveInterval: null },
        { keepaliveGracePeriod: "20", dropConnectionOnKeepaliveTimeout: false, keepaliveInterval: 5000 },
        { keepaliveInterval: "20", keepalive: false },
      ]) {
        const { server, port } = await stage.http();
        const ws = new stage.library.server({ httpServer: server, ...config });
        const asked = stage.once(ws, "request");
        const peer = await stage.rawClient({ port, tellFrames: false });
        const [request] = await asked;
        stage.attempt(JSON.stringify(config), () => typeof request.accept());
        peer.destroy();
      }
    },
  },
];
