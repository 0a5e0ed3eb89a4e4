import { messages, serverEnd } from "./acts/ends.js";

/** @typedef {import("../kit/stage.js").Stage} Stage */

const ENCODINGS = ["utf8", "ascii", "base64", "hex", "binary", "utf16le", "ucs2"];

/** What `grüße` is in each encoding, as a program gives it to send.
 * @type {[string, string, string][]} */
const SENT = ENCODINGS.map((encoding) => {
  const text = encoding === "ascii" ? "plain" : "grüße!";
  return [encoding, text, Buffer.from(text).toString(/** @type {BufferEncoding} */ (encoding))];
});

/** @type {import("../kit/play.js").Scenario[]} */
export default [
  ...ENCODINGS.map((encoding) => ({
    name: `received text in ${encoding}`,
    rows: ["6.received-encoding", "2.live"],
    /** @param {Stage} stage */
    async run(stage) {
      const place = await serverEnd(stage, { options: { encoding } });
      const heard = messages(place, 4);
      place.peer.send(
        { payload: "hi" },
        { payload: "grüße ☃" },
        { payload: "" },
        { opcode: 2, payload: "bytes stay bytes" },
      );
      await heard;
    },
  })),
  {
    name: "another encoding holds at once for clients that are there",
    rows: ["2.live", "6.received-encoding"],
    async run(stage) {
      const place = await serverEnd(stage);
      for (const encoding of ["hex", "base64", "nonsense", undefined]) {
        place.ws.encoding = encoding;
        const heard = messages(place, 1);
        place.peer.send({ payload: "hi" });
        await heard;
      }
    },
  },
  {
    name: "send takes its string for UTF-8, whatever the encoding of received text is",
    rows: ["6.sent-encoding-default"],
    async run(stage) {
      const { ws, id, peer } = await serverEnd(stage, { options: { encoding: "hex" } });
      stage.say(ws.send(id, "6869"), ws.send(id, "grüße"), ws.send(id, "6869", undefined), ws.send(id, "hi", "utf8"));
      await peer.frames(4);
    },
  },
  ...SENT.map(([encoding, text, given]) => ({
    name: `a string sent in ${encoding}`,
    rows: ["6.sent-encoding"],
    expected: [
      'server: open "<id 1>"',
      "main: send returns true",
      `client: got fin text ${Buffer.byteLength(text)} ${JSON.stringify(text)}`,
      "main: the default is another true",
      `client: got fin text ${Buffer.byteLength(given)} ${JSON.stringify(given)}`,
    ],
    /** @param {Stage} stage */
    async run(stage) {
      const { ws, id, peer } = await serverEnd(stage);
      stage.attempt("send", () => ws.send(id, given, encoding));
      stage.say("the default is another", ws.send(id, given));
      await peer.frames(2);
    },
  })),
  {
    name: "a sent string whose bytes are no UTF-8 goes out as binary",
    rows: ["6.sent-not-utf8"],
    expected: [
      'server: open "<id 1>"',
      "main: sent true true true",
      "client: got fin binary 1 <1: ff>",
      "client: got fin binary 2 <2: c328>",
      'client: got fin text 2 "é"',
    ],
    async run(stage) {
      const { ws, id, peer } = await serverEnd(stage);
      const sent = [ws.send(id, "ff", "hex"), ws.send(id, "wyg=", "base64"), ws.send(id, "c3a9", "hex")];
      stage.say("sent", ...sent);
      await peer.frames(3);
    },
  },
  {
    name: "binary data is sent as it is, whatever encoding is named",
    rows: ["6.send-kinds", "6.sent-encoding-default"],
    async run(stage) {
      const { ws, id, peer } = await serverEnd(stage);
      for (const encoding of ENCODINGS) ws.send(id, Buffer.from("bytes"), encoding);
      await peer.frames(ENCODINGS.length);
    },
  },
  {
    name: "setEncoding is for one client's received text",
    rows: ["6.set-encoding"],
    expected: [
      'server: open "<id 1>"',
      "main: hex true",
      'server: message "<id 1>" "6869"',
      "main: latin1 false",
      'server: message "<id 1>" "6869"',
      "main: base64 true",
      'server: message "<id 1>" "aGk="',
      "main: undefined true",
      'server: message "<id 1>" "hi"',
    ],
    async run(stage) {
      const place = await serverEnd(stage, { options: { encoding: "ascii" } });
      for (const encoding of ["hex", "latin1", "base64", undefined]) {
        stage.say(String(encoding), place.ws.setEncoding(place.id, encoding));
        const heard = messages(place, 1);
        place.peer.send({ payload: "hi" });
        await heard;
      }
    },
  },
];
