/** Keeps what is uploaded as binary streams, and gives the last one back when it is told `download CHUNK`. Stops when its input ends. */
const { createHash } = require("node:crypto");
const ws = require("nodejs-websocket");

ws.setBinaryFragmentation(4_000);
let kept = Buffer.alloc(0);

const server = ws.createServer((connection) => {
  connection.on("binary", (stream) => {
    const pieces = [];
    stream.on("data", (piece) => pieces.push(piece));
    stream.on("end", () => {
      kept = Buffer.concat(pieces);
      const digest = createHash("md5").update(kept).digest("hex");
      console.log(`kept ${kept.length} bytes`);
      connection.sendText(`kept ${kept.length} ${digest}`);
    });
  });
  connection.on("text", (text) => {
    const size = Number(text.split(" ")[1]);
    const out = connection.beginBinary();
    console.log(`sends ${kept.length} bytes in pieces of ${size}, streaming ${connection.outStream === out}`);
    for (let at = 0; at < kept.length; at += size) out.write(kept.subarray(at, at + size));
    connection.once("error", (error) => console.log(`error: ${error.message}`));
    connection.sendText("in between");
    out.end();
    out.on("finish", () => console.log(`sent, streaming ${connection.outStream !== null}`));
  });
  connection.on("close", (code) => console.log(`closed: ${code}`));
});

server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.socket.address().port}`));
process.stdin.resume().on("end", () => server.close(() => console.log("stopped")));
