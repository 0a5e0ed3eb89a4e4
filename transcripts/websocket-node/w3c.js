import { closeFrom, pick, serve, watchConnection } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */
/** @typedef {import("../kit/raw-peer.js").Say} Say */

const EVENTS = ["open", "message", "error", "close"];

/** What of an event is the same in every run.
 * @param {any} event
 * @param {any} socket */
function told(event, socket) {
  const own = Object.fromEntries(
    ["data", "code", "reason", "wasClean"].flatMap((name) => (name in event ? [[name, event[name]]] : [])),
  );
  return { type: event.type, own, target: event.target === socket, readyState: socket.readyState };
}

/** Write the events of a W3CWebSocket.
 * @param {any} socket
 * @param {Say} say */
function watch(socket, say) {
  for (const type of EVENTS) {
    socket[`on${type}`] = (/** @type {any} */ event) => say(type, told(event, socket));
  }
}

/** @param {any} socket
 * @param {string} type
 * @returns {Promise<any>} */
function next(socket, type) {
  return new Promise((resolve) => socket.addEventListener(type, resolve));
}

/** A W3CWebSocket that a raw server has answered.
 * @param {Stage} stage
 * @param {{ args?: unknown[], answer?: import("../kit/handshake.js").Fields, silent?: boolean }} [options] */
async function open(stage, { args = [], answer = {}, silent = false } = {}) {
  const raw = await stage.rawServer();
  const socket = new stage.library.w3cwebsocket(raw.url, ...args);
  const say = stage.lane("client");
  if (!silent) watch(socket, say);
  const opened = next(socket, "open");
  const peer = await raw.next();
  await peer.answer(answer);
  await opened;
  return { socket, peer, say };
}

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "constants of W3CWebSocket are on the class and its instances, read-only and not enumerable",
    rows: ["12.constants"],
    async run(stage) {
      const names = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"];
      const { w3cwebsocket: Class } = stage.library;
      stage.say(
        "class",
        pick(Class, ...names),
        Object.keys(Class).filter((name) => names.includes(name)),
      );
      const { socket } = await open(stage, { silent: true });
      stage.say(
        "instance",
        pick(socket, ...names),
        Object.keys(socket).filter((name) => names.includes(name)),
      );
      for (const owner of [Class, socket]) {
        Reflect.set(owner, "OPEN", 7);
        stage.say("after writing", owner.OPEN);
      }
    },
  },
  {
    name: "members of a W3CWebSocket before it is open",
    rows: ["12.initial", "12.url", "12.binary-type", "12.buffered-amount"],
    async run(stage) {
      const raw = await stage.rawServer({ tellFrames: false });
      const url = `WS://127.0.0.1:${raw.port}/Path?q=1`;
      const socket = new stage.library.w3cwebsocket(url);
      stage.say("members", pick(socket, "url", "readyState", "bufferedAmount", "binaryType", "extensions"));
      stage.say(
        "handlers",
        EVENTS.map((type) => socket[`on${type}`] ?? null),
      );
      stage.attempt("binaryType", () => {
        socket.binaryType = "blob";
      });
      stage.attempt("binaryType", () => {
        socket.binaryType = "arraybuffer";
      });
      stage.say("binaryType", socket.binaryType);
      const closed = next(socket, "close");
      (await raw.next()).destroy();
      await closed;
    },
  },
  {
    name: "open, messages both ways, close by the peer",
    rows: ["12.events", "12.message", "12.close-event", "12.protocol", "12.handlers"],
    async run(stage) {
      const { socket, peer, say } = await open(stage, {
        args: [["Chat", "other"]],
        answer: { "Sec-WebSocket-Protocol": "Chat" },
      });
      say("protocol", socket.protocol, "bufferedAmount", socket.bufferedAmount);
      const binary = new Promise((resolve) => {
        socket.addEventListener(
          "message",
          (/** @type {any} */ event) => event.data instanceof ArrayBuffer && resolve(undefined),
        );
      });
      peer.send({ payload: "text" }, { opcode: 2, payload: Buffer.from([1, 2, 3]) });
      await binary;
      socket.send("answer");
      await peer.frame();
      const closed = next(socket, "close");
      closeFrom(peer, 1000, "done");
      await peer.over();
      peer.end();
      await closed;
      say("after", socket.readyState);
    },
  },
  {
    name: "members of the events",
    rows: ["12.events"],
    async run(stage) {
      const { socket, peer, say } = await open(stage, { silent: true });
      socket.onmessage = (/** @type {any} */ event) => {
        say("message", pick(event, "type", "isTrusted", "cancelable", "data"), event.target === socket);
      };
      socket.onclose = (/** @type {any} */ event) => {
        say(
          "close",
          pick(event, "type", "isTrusted", "cancelable", "code", "reason", "wasClean"),
          event.target === socket,
        );
      };
      const closed = next(socket, "close");
      peer.send({ payload: "x" });
      closeFrom(peer, 1000);
      await peer.over();
      peer.end();
      await closed;
    },
  },
  {
    name: "a binary message is an ArrayBuffer of its own, of exactly its length",
    rows: ["12.message"],
    async run(stage) {
      const { socket, peer, say } = await open(stage);
      const message = next(socket, "message");
      peer.send({ opcode: 2, payload: Buffer.from([5, 6, 7]) });
      const { data } = await message;
      say("length", data.byteLength, Object.prototype.toString.call(data));
      const empty = next(socket, "message");
      peer.send({ opcode: 2 });
      say("empty", (await empty).data.byteLength);
    },
  },
  {
    name: "fragments are put together although assembleFragments is off",
    rows: ["12.assemble"],
    async run(stage) {
      const { socket, peer } = await open(stage, {
        args: [undefined, undefined, undefined, undefined, { assembleFragments: false }],
      });
      const message = next(socket, "message");
      peer.send({ payload: "one ", fin: false }, { opcode: 0, payload: "message" });
      await message;
    },
  },
  {
    name: "send takes strings, Buffers, ArrayBuffers and views, nothing else",
    rows: ["12.send"],
    async run(stage) {
      const { socket, peer, say } = await open(stage);
      const bytes = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]);
      const sendable = [
        "text",
        "",
        new String("boxed"),
        Buffer.from("buffer"),
        bytes,
        bytes.buffer,
        new ArrayBuffer(0),
        bytes.subarray(2, 4),
        new Uint16Array(bytes.buffer, 4, 1),
        new Float32Array(1),
      ];
      for (const data of sendable) stage.attempt("send", () => socket.send(data), say);
      for (const data of [5, true, {}, []]) stage.attempt("send", () => socket.send(data), say);
      await peer.frames(sendable.length);
    },
  },
  {
    name: "send throws unless open",
    rows: ["12.send"],
    async run(stage) {
      const raw = await stage.rawServer();
      const socket = new stage.library.w3cwebsocket(raw.url);
      const say = stage.lane("client");
      watch(socket, say);
      stage.attempt("connecting", () => socket.send("x"), say);
      const peer = await raw.next();
      const opened = next(socket, "open");
      await peer.answer();
      await opened;
      socket.close();
      say("readyState", socket.readyState);
      stage.attempt("closing", () => socket.send("x"), say);
      const closed = next(socket, "close");
      await peer.frame();
      closeFrom(peer, 1000);
      peer.end();
      await closed;
      stage.attempt("closed", () => socket.send("x"), say);
    },
  },
  {
    name: "close with nothing, with a code, with a reason",
    rows: ["12.close-open", "12.close-event"],
    async run(stage) {
      for (const args of [[], [1000], [1000, "reason"]]) {
        const { socket, peer, say } = await open(stage);
        stage.attempt("close", () => socket.close(...args), say);
        say("readyState", socket.readyState);
        stage.attempt("close again", () => socket.close(3000, "again"), say);
        const closed = next(socket, "close");
        await peer.frame();
        closeFrom(peer, 1000);
        peer.end();
        await closed;
        stage.attempt("close after the end", () => socket.close(), say);
      }
    },
  },
  {
    name: "close with other codes sends them",
    rows: ["12.close-open"],
    async run(stage) {
      for (const args of [[3000], [4999, "own"]]) {
        const { socket, peer, say } = await open(stage, { silent: true });
        // wasClean is the face's own matter here.
        socket.onclose = (/** @type {any} */ event) => say("close", pick(event, "code", "reason"));
        socket.close(...args);
        const closed = next(socket, "close");
        await peer.frame();
        closeFrom(peer, 3000);
        peer.end();
        await closed;
      }
    },
  },
  {
    name: "close with an illegal code throws",
    rows: ["12.close-open"],
    async run(stage) {
      const { socket } = await open(stage, { silent: true });
      for (const code of [5, 999, 2000, 5000]) {
        try {
          socket.close(code);
        } catch (error) {
          stage.say(String(code), error);
          break;
        }
      }
    },
  },
  {
    name: "close while connecting: error and close at once, and a connection that still comes up is closed",
    rows: ["12.close-connecting"],
    async run(stage) {
      const raw = await stage.rawServer();
      const socket = new stage.library.w3cwebsocket(raw.url);
      const say = stage.lane("client");
      watch(socket, say);
      const peer = await raw.next();
      say("readyState", socket.readyState);
      stage.attempt("close", () => socket.close(), say);
      say("readyState", socket.readyState);
      await peer.answer();
      await peer.over();
      peer.end();
      await stage.turns(10);
    },
  },
  {
    name: "handlers come before listeners of the same event, in the order of adding",
    rows: ["12.handlers", "12.listeners"],
    async run(stage) {
      const { socket, peer, say } = await open(stage, { silent: true });
      socket.addEventListener("message", () => say("first listener"));
      const second = () => say("second listener");
      socket.addEventListener("message", second);
      socket.addEventListener("message", second);
      socket.onmessage = function handler() {
        say("handler", this === socket);
      };
      const message = next(socket, "message");
      peer.send({ payload: "x" });
      await message;
      socket.removeEventListener("message", second);
      socket.onmessage = null;
      const again = next(socket, "message");
      peer.send({ payload: "y" });
      await again;
    },
  },
  {
    name: "dispatchEvent calls handlers and listeners",
    rows: ["12.listeners"],
    async run(stage) {
      const { socket, say } = await open(stage, { silent: true });
      socket.onmessage = (/** @type {any} */ event) => say("handler", event.type, event.data);
      socket.addEventListener("message", (/** @type {any} */ event) => say("listener", event.type, event.data));
      socket.dispatchEvent({ type: "message", data: "made by hand" });
    },
  },
  {
    name: "the constructor throws what connect throws",
    rows: ["12.constructor-throws"],
    run(stage) {
      const { w3cwebsocket: Class } = stage.library;
      for (const args of [["nowhere"], ["ws:"], ["ws://127.0.0.1:1/", "a b"]]) {
        stage.attempt(JSON.stringify(args), () => new Class(...args));
      }
      const badVersion = [undefined, undefined, undefined, undefined, { webSocketVersion: 3 }];
      stage.attempt("version", () => new Class("ws://127.0.0.1:1/", ...badVersion));
    },
  },
  {
    name: "failure to connect: error, then close with 1006",
    rows: ["12.failure"],
    async run(stage) {
      const raw = await stage.rawServer({ tellFrames: false });
      const socket = new stage.library.w3cwebsocket(raw.url);
      watch(socket, stage.lane("client"));
      const closed = next(socket, "close");
      const peer = await raw.next();
      peer.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      peer.end();
      await closed;
      await stage.turns();
    },
  },
  {
    name: "a connection lost later: close alone",
    rows: ["12.lost"],
    async run(stage) {
      const { socket, peer } = await open(stage);
      const closed = next(socket, "close");
      peer.end();
      await closed;
      await stage.turns();
    },
  },
  {
    name: "protocols, origin, headers and options go to the client",
    rows: ["12.url", "5.request-headers", "5.request-origin"],
    async run(stage) {
      const raw = await stage.rawServer({ tellFrames: false });
      const options = { localAddress: "127.0.0.3" };
      const args = ["chat", "http://origin.example", { "X-One": "1" }, options, { webSocketVersion: 8 }];
      const socket = new stage.library.w3cwebsocket(`${raw.url}p`, ...args);
      const peer = await raw.next();
      const [first, ...fields] = await peer.head();
      stage.say("request", first, ...fields.sort(), peer.socket.remoteAddress);
      const closed = next(socket, "close");
      peer.destroy();
      await closed;
    },
  },
  {
    name: "a W3CWebSocket and the library's server",
    rows: ["12.events", "12.message"],
    async run(stage) {
      const { ws, url } = await serve(stage);
      const say = stage.lane("server");
      ws.on("request", (request) => {
        const connection = request.accept(request.requestedProtocols[0]);
        watchConnection(stage, connection, say);
        connection.on("message", (message) => connection.send(message.utf8Data ?? message.binaryData));
      });
      const socket = new stage.library.w3cwebsocket(url, "echo");
      watch(socket, stage.lane("client"));
      await next(socket, "open");
      const echoed = next(socket, "message");
      socket.send("hello");
      await echoed;
      const closed = [next(socket, "close"), stage.once(ws, "close")];
      socket.close();
      await Promise.all(closed);
    },
  },
];
