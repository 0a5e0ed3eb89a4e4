/** Uploads bytes as one message, an empty one, a long one as a stream; then downloads the last. Argument: URL. */
const { createHash } = require("node:crypto");
const { Readable } = require("node:stream");
const ws = require("nodejs-websocket");

const LONG = Buffer.alloc(300_000);
for (let index = 0; index < LONG.length; index += 1) LONG[index] = index % 251;
const steps = [
  () => connection.sendBinary(Buffer.from("in one piece")),
  () => connection.send(Buffer.alloc(0)),
  () => Readable.from(piecesOf(LONG, 7_777)).pipe(connection.beginBinary()),
  () => connection.sendText("download 10000"),
];

/** @param {Buffer} bytes
 * @param {number} size */
function* piecesOf(bytes, size) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const connection = ws.connect(process.argv[2], () => steps.shift()());
connection.on("text", (text) => {
  console.log(text);
  steps.shift()();
});
connection.on("binary", (stream) => {
  const hash = createHash("md5");
  let length = 0;
  stream.on("readable", () => {
    for (let piece = stream.read(); piece !== null; piece = stream.read()) {
      length += piece.length;
      hash.update(piece);
    }
  });
  stream.on("end", () => {
    console.log(`downloaded ${length} ${hash.digest("hex")}`);
    connection.close(1000);
  });
});
connection.on("error", (error) => console.log(`error: ${error.message}`));
connection.on("close", (code) => console.log(`closed: ${code}`));
