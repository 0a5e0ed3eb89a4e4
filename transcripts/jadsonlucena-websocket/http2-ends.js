import http2 from "node:http2";
import { CLOSE, closePayload } from "../kit/frames.js";
import { message } from "./acts/ends.js";
import { h2End, joinH2 } from "./acts/h2.js";

const OPEN = 'server: open "<id 1>"';
const LOST = 'server: close "<id 1>" {code: 1006, message: "Closed Abnormally"}';

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "a client that ends its stream without a Close frame",
    rows: ["10.end-stream", "3.lost"],
    expected: [OPEN, LOST, 'server: open "<id 2>"'],
    async run(stage) {
      const place = await h2End(stage, { watch: ["message"] }, { tellFrames: false });
      const closed = stage.once(place.ws, "close");
      place.peer.stream.end();
      await closed;
      await joinH2(stage, place.on, place, { tellFrames: false });
    },
  },
  {
    name: "a client that resets its stream",
    rows: ["10.end-stream", "3.lost", "3.error-unheard"],
    expected: [OPEN, LOST, 'server: open "<id 2>"'],
    async run(stage) {
      const place = await h2End(stage, { watch: ["message"] }, { tellFrames: false });
      const closed = stage.once(place.ws, "close");
      place.peer.stream.close(http2.constants.NGHTTP2_CANCEL);
      await closed;
      await joinH2(stage, place.on, place, { tellFrames: false });
    },
  },
  {
    name: "the session of two clients goes away",
    rows: ["10.end-stream", "3.lost", "3.close-once"],
    expected: [OPEN, 'server: open "<id 2>"', "main: codes 1006,1006", "main: clients []"],
    async run(stage) {
      const place = await h2End(stage, { watch: ["message"] }, { tellFrames: false });
      await joinH2(stage, place.on, place, { tellFrames: false });
      place.ws.removeAllListeners("close");
      /** @type {number[]} */
      const codes = [];
      const all = new Promise((resolve) => {
        place.ws.on("close", (/** @type {string} */ _id, /** @type {{ code: number }} */ { code }) => {
          codes.push(code);
          if (codes.length === 2) resolve(undefined);
        });
      });
      place.on.destroy();
      await all;
      await stage.turns();
      stage.say(`codes ${codes.join()}`);
      stage.say("clients", place.ws.clients);
    },
  },
  {
    name: "closing over HTTP/2, by the program and by the peer",
    rows: ["10.connect", "8.closing-handshake", "3.own-close", "3.peer-other"],
    expected: [
      OPEN,
      "main: close returns true",
      'server: close "<id 1>" {code: 1000, message: "Close Normal"}',
      "client: got fin close 2 1000",
      'server: open "<id 2>"',
      'server: close "<id 2>" {code: 4000, message: "bye"}',
      "main: echoed 4000",
    ],
    async run(stage) {
      const place = await h2End(stage, { watch: ["message"] });
      const closed = stage.once(place.ws, "close");
      stage.attempt("close", () => place.ws.close(place.id));
      await place.peer.frame();
      place.peer.send({ opcode: CLOSE, payload: closePayload(1000) });
      await closed;
      await place.peer.over();
      const { peer } = await joinH2(stage, place.on, place, { tellFrames: false });
      const again = stage.once(place.ws, "close");
      peer.send({ opcode: CLOSE, payload: closePayload(4000, "bye") });
      await again;
      stage.say("echoed", (await peer.frame())?.payload.readUInt16BE(0));
      await peer.over();
    },
  },
  {
    name: "a bad frame over HTTP/2 ends its stream alone",
    rows: ["10.connect", "3.bad-frame", "8.close-codes-sent"],
    expected: [
      OPEN,
      'server: open "<id 2>"',
      'server: close "<id 1>" {code: 1003, message: "Unacceptable Data Type"}',
      "main: Close frame with 1003",
      'server: message "<id 2>" "goes on"',
    ],
    async run(stage) {
      const place = await h2End(stage, {}, { tellFrames: false });
      const { peer } = await joinH2(stage, place.on, place, { tellFrames: false });
      place.peer.send({ payload: "unmasked", mask: false });
      stage.say("Close frame with", (await place.peer.frame())?.payload.readUInt16BE(0));
      await place.peer.over();
      const heard = message(stage, place);
      peer.send({ payload: "goes on" });
      await heard;
    },
  },
  {
    name: "socket methods over HTTP/2",
    rows: ["10.socket-methods", "10.per-ip", "6.pause"],
    expected: [
      OPEN,
      'server: open "<id 2>"',
      "main: keep-alive false, no delay false",
      "main: bytes true true",
      "main: pause true true",
      'server: message "<id 2>" "others go on"',
      "main: resume true",
      'server: message "<id 1>" "held back"',
      "main: isPaused false",
    ],
    async run(stage) {
      const place = await h2End(stage, {}, { tellFrames: false });
      const { ws, id } = place;
      const { peer: other } = await joinH2(stage, place.on, place, { tellFrames: false });
      stage.say(`keep-alive ${ws.setKeepAlive(id, true, 1000)}, no delay ${ws.setNoDelay(id)}`);
      stage.say("bytes", ws.bytesRead(id) > 0, ws.bytesWritten(id) > 0);
      stage.say("pause", ws.pause(id), ws.isPaused(id));
      place.peer.send({ payload: "held back" });
      const first = message(stage, place);
      other.send({ payload: "others go on" });
      await first;
      const heard = message(stage, place);
      stage.say("resume", ws.resume(id));
      await heard;
      stage.say("isPaused", ws.isPaused(id));
    },
  },
  {
    name: "pings over HTTP/2",
    rows: ["10.connect", "7.ping-payload", "3.no-pong"],
    expected: [
      OPEN,
      'client: got fin ping 36 "<id 1>"',
      'client: got fin pong 4 "hers"',
      'client: got fin ping 36 "<id 1>"',
      'server: close "<id 1>" {code: 1011, message: "Unexpected Condition"}',
    ],
    async run(stage) {
      const place = await h2End(stage);
      place.ws.ping(place.id);
      const ping = await place.peer.frame();
      place.peer.send({ opcode: 10, payload: ping?.payload ?? "" }, { opcode: 9, payload: "hers" });
      await place.peer.frame();
      const closed = stage.once(place.ws, "close");
      place.ws.ping(place.id, 20);
      await place.peer.frame();
      await closed;
      // The Close frame's reason is nobody's promise
    },
  },
];
