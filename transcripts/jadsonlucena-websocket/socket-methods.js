import { join, message, messages, serve, serverEnd, UNHEARD } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "readyState of an open client",
    rows: ["6.ready-state"],
    async run(stage) {
      const { ws, id } = await serverEnd(stage, {}, UNHEARD);
      stage.attempt("readyState", () => ws.readyState(id));
    },
  },
  {
    name: "bytesRead and bytesWritten grow by the frames",
    rows: ["6.bytes"],
    async run(stage) {
      const place = await serverEnd(stage);
      const { ws, id, peer } = place;
      const [read, written] = [ws.bytesRead(id), ws.bytesWritten(id)];
      stage.say("of the handshake", read === peer.socket.bytesWritten, written === peer.socket.bytesRead);
      const heard = message(stage, place);
      peer.send({ payload: "x".repeat(100) });
      await heard;
      ws.send(id, "y".repeat(200));
      await peer.frame();
      stage.say("read", ws.bytesRead(id) - read, "written", ws.bytesWritten(id) - written);
    },
  },
  {
    name: "what pause, resume and isPaused return",
    rows: ["6.pause"],
    async run(stage) {
      const { ws, id } = await serverEnd(stage, {}, UNHEARD);
      for (const name of ["isPaused", "pause", "isPaused", "pause", "isPaused", "resume", "isPaused", "resume"]) {
        stage.attempt(name, () => ws[name](id));
      }
    },
  },
  {
    name: "pause holds the messages of one client back, and resume brings them",
    rows: ["6.pause"],
    async run(stage) {
      const place = await serve(stage, { watch: ["/a", "/b"] });
      const { id, peer } = await join(stage, place, { path: "/a" });
      const { peer: other } = await join(stage, place, { path: "/b", lane: "other client" });
      place.ws.pause(id);
      peer.send({ payload: "one" }, { opcode: 2, payload: "two" }, { payload: "three" });
      for (let count = 0; count < 3; count += 1) {
        const heard = message(stage, place, "/b");
        other.send({ payload: `others go on ${count}` });
        await heard;
      }
      const all = messages(place, 3, "/a");
      place.say("resume", place.ws.resume(id));
      await all;
    },
  },
  {
    name: "a paused client can be sent to",
    rows: ["6.pause", "6.send"],
    async run(stage) {
      const { ws, id, peer } = await serverEnd(stage);
      ws.pause(id);
      stage.say(ws.send(id, "while paused"), ws.readyState(id));
      await peer.frame();
    },
  },
  {
    name: "pause within the listener holds back what came in the same segment",
    rows: ["6.pause"],
    expected: [
      'server: open "<id 1>"',
      'server: message "<id 1>" "one"',
      "server: paused",
      "server: resumed",
      'server: message "<id 1>" "two"',
      'server: message "<id 1>" "three"',
    ],
    async run(stage) {
      const place = await serverEnd(stage);
      const { ws, id, peer } = place;
      const all = messages(place, 3);
      const first = stage.once(ws, "message");
      ws.once("message", () => {
        ws.pause(id);
        place.say("paused");
      });
      peer.send({ payload: "one" }, { payload: "two" }, { payload: "three" });
      await first;
      await stage.turns(10);
      place.say("resumed");
      ws.resume(id);
      await all;
    },
  },
  {
    name: "setKeepAlive and setNoDelay reach the socket",
    rows: ["6.socket-options"],
    async run(stage) {
      const place = await serve(stage);
      /** @type {unknown[]} */
      const calls = [];
      place.server.on("connection", (/** @type {any} */ socket) => {
        for (const name of ["setKeepAlive", "setNoDelay"]) {
          const method = socket[name];
          socket[name] = (/** @type {unknown[]} */ ...values) => {
            calls.push([name, ...values]);
            return method.apply(socket, values);
          };
        }
      });
      const { id } = await join(stage, place, UNHEARD);
      calls.length = 0;
      stage.say(place.ws.setKeepAlive(id, true, 1000), place.ws.setKeepAlive(id), place.ws.setKeepAlive(id, false));
      stage.say(place.ws.setNoDelay(id), place.ws.setNoDelay(id, false));
      stage.say("calls", calls);
    },
  },
];
