import { BINARY } from "../kit/frames.js";
import { answerTo, join, OFFER, refusalOf, serve, serverEnd, subclass, watchSocket } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const OK = "101 Switching Protocols";

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "lock and unlock",
    rows: ["7.lock", "7.is-locked"],
    expected: [
      "main: starts false",
      "main: lock true true",
      'main: locked "503 Service Unavailable"',
      "main: still there true 1",
      "server: _message Buffer<1: 01>",
      "main: unlock true false",
      `main: unlocked "${OK}"`,
    ],
    async run(stage) {
      const { app, port, socket, peer } = await serverEnd(stage);
      stage.say("starts", app.isLocked);
      stage.say("lock", app.lock() === app, app.isLocked);
      stage.say("locked", await answerTo(stage, { port }));
      stage.say("still there", socket.connected, app.clients.size);
      const heard = stage.once(socket, "_message");
      peer.send({ opcode: BINARY, payload: new Uint8Array([1]) });
      await heard;
      stage.say("unlock", app.unlock() === app, app.isLocked);
      stage.say("unlocked", await answerTo(stage, { port }));
    },
  },
  {
    name: "a lock while verifyClient thinks refuses too",
    rows: ["7.lock", "8.checks"],
    expected: ['main: answer "503 Service Unavailable"', "main: clients 0"],
    async run(stage) {
      /** @type {(answer: (result: boolean) => void) => void} */
      let setAnswer = () => {};
      /** @type {Promise<(result: boolean) => void>} */
      const asked = new Promise((resolve) => {
        setAnswer = resolve;
      });
      const options = { verifyClient: (/** @type {unknown} */ _info, /** @type {any} */ cb) => setAnswer(cb) };
      const { app, port } = await serve(stage, { options });
      app.on("connection", () => stage.say("connection"));
      const peer = await stage.rawClient({ port, fields: OFFER, tellFrames: false });
      const answer = await asked;
      app.lock();
      answer(true);
      stage.say("answer", await refusalOf(peer));
      stage.say("clients", app.clients.size);
    },
  },
  {
    name: "disconnect of the application: locks, and calls disconnect of each client, the subclass's own",
    rows: ["7.disconnect", "7.disconnected-client", "6.send-error", "6.send-none"],
    expected: [
      "main: returns true true 0",
      ...["first", "second"].flatMap((lane) => [
        `${lane}: own disconnect <Error: "closing time">`,
        `${lane}: disconnect <Error: "closing time">`,
        `${lane}: got fin close 14 4000 "closing time"`,
      ]),
      "main: without an error true true 0",
      "third: own disconnect undefined",
      "third: disconnect null",
      "third: got fin close 2 1000",
    ],
    async run(stage) {
      const Sub = subclass(stage);
      /** @type {Map<unknown, (...values: unknown[]) => void>} */
      const says = new Map();
      class Overriding extends Sub {
        disconnect(/** @type {unknown} */ error) {
          says.get(this)?.("own disconnect", error);
          return super.disconnect(error);
        }
      }
      const { app, port } = await serve(stage, { Class: Overriding });
      const enter = async (/** @type {string} */ lane) => {
        const { socket, peer } = await join(stage, { app, port }, { lane });
        says.set(socket, stage.lane(lane));
        watchSocket(socket, stage.lane(lane));
        return peer;
      };
      const peers = [await enter("first"), await enter("second")];
      const error = new Error("closing time");
      stage.say("returns", app.disconnect(error) === app, app.isLocked, app.clients.size);
      for (const peer of peers) await peer.frame();
      app.unlock();
      const third = await enter("third");
      stage.say("without an error", app.disconnect() === app, app.isLocked, app.clients.size);
      await third.frame();
    },
  },
  {
    name: "disconnect of the application with a wrong argument changes nothing",
    rows: ["7.disconnect"],
    expected: ['"text"', "1", "{}", "false"].map((value) => `main: ${value} true false 1 true`),
    async run(stage) {
      const { app, socket } = await serverEnd(stage);
      for (const value of ["text", 1, {}, false]) {
        let isRefused = false;
        try {
          app.disconnect(value);
        } catch (error) {
          isRefused = error instanceof TypeError;
        }
        stage.say(JSON.stringify(value), isRefused, app.isLocked, app.clients.size, socket.connected);
      }
    },
  },
  {
    name: "a client is out of the clients, and not connected, when its disconnect listeners run",
    rows: ["7.disconnected-client", "4.connected"],
    expected: ["by the peer", "by itself", "lost"].map((how) => `main: ${how} false false 0`),
    async run(stage) {
      const { app, port } = await serve(stage);
      for (const how of ["by the peer", "by itself", "lost"]) {
        const { socket, peer } = await join(stage, { app, port }, { tellFrames: false });
        const over = stage.once(socket, "disconnect");
        socket.on("disconnect", () => stage.say(how, app.clients.has(socket), socket.connected, app.clients.size));
        if (how === "by the peer") peer.sendClose(1000);
        else if (how === "by itself") socket.disconnect();
        else peer.reset();
        await over;
      }
    },
  },
];
