import { PING } from "../kit/frames.js";
import { serverEnd, UNHEARD } from "./acts/ends.js";

const OPEN = 'server: open "<id 1>"';

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  {
    name: "the peer's pings are answered: the first at once, then the newest",
    rows: ["7.pings-of-peer", "11.pong-at-once"],
    expected: [
      OPEN,
      'client: got fin pong 5 "first"',
      "main: soon true",
      'client: got fin pong 6 "newest"',
      'server: message "<id 1>" "between"',
    ],
    async run(stage) {
      const place = await serverEnd(stage);
      const start = Date.now();
      place.peer.send({ opcode: PING, payload: "first" });
      await place.peer.frame();
      stage.say("soon", Date.now() - start < 1000);
      place.peer.send(
        { opcode: PING, payload: "second" },
        { payload: "between" },
        { opcode: PING },
        { opcode: PING, payload: "newest" },
      );
      await place.peer.frame();
    },
  },
  {
    name: "a flood of pings costs few pongs, and not the connection",
    rows: ["7.pings-of-peer"],
    expected: [OPEN, "main: pongs few true", 'main: the last "4999"', 'server: message "<id 1>" "after the flood"'],
    async run(stage) {
      const place = await serverEnd(stage, {}, UNHEARD);
      const heard = stage.once(place.ws, "message");
      for (let count = 0; count < 5000; count += 1) place.peer.send({ opcode: PING, payload: String(count) });
      place.peer.send({ payload: "after the flood" });
      await heard;
      let pongs = 0;
      let last = "";
      while (last !== "4999") {
        last = (await place.peer.frame())?.payload.toString() ?? "4999";
        pongs += 1;
      }
      stage.say("pongs few", pongs < 1000);
      stage.say("the last", last);
    },
  },
];
