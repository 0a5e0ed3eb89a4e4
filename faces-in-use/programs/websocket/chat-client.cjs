/** The chat's client, as a page in a browser would have it: says the lines of its input, `show HEX` as bytes, and leaves at its end. Arguments: URL, name. */
const readline = require("node:readline");
const { w3cwebsocket: WebSocket } = require("websocket");

const [url, name] = process.argv.slice(2);
const socket = new WebSocket(url, ["loud-chat", "chat"]);
socket.binaryType = "arraybuffer";
console.log(`state ${socket.readyState} of ${WebSocket.CONNECTING}, ${socket.protocol || "nothing"} chosen`);

socket.onopen = () => {
  console.log(`open: ${socket.readyState} ${socket.protocol}`);
  socket.send(name);
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const bytes = /^show (.*)/.exec(line)?.[1];
    socket.send(bytes === undefined ? line : new Uint8Array(Buffer.from(bytes, "hex")).buffer);
  });
  lines.on("close", () => socket.close(1000, "good night"));
};
socket.onmessage = (event) => {
  if (typeof event.data !== "string") {
    console.log(`picture ${event.data instanceof ArrayBuffer} ${Buffer.from(event.data).toString("hex")}`);
    return;
  }
  const message = JSON.parse(event.data);
  if (message.type === "colour") console.log(`I am ${message.colour}`);
  else if (message.type === "history") console.log(`before: ${message.said.map(({ text }) => text).join(" / ")}`);
  else console.log(`${message.entry.name} (${message.entry.colour}): ${message.entry.text}`);
};
socket.onerror = (event) => console.log(`${event.type} in state ${socket.readyState}`);
socket.onclose = (event) => {
  console.log(`close: ${event.code} ${event.reason}, state ${socket.readyState}`);
  process.stdin.destroy();
};
