/** Screams back what it is told. Stops when its input ends and its clients have left. */
const ws = require("nodejs-websocket");

const server = ws.createServer((connection) => {
  console.log(
    `connected to ${connection.path}, agent ${connection.headers["user-agent"]}, ${server.connections.length} in all`,
  );
  connection.on("text", (text) => {
    console.log(`told: ${text.slice(0, 20)}`);
    connection.sendText(`${text.toUpperCase()}!!!`);
  });
  connection.on("close", (code, reason) => console.log(`closed: ${code} ${reason}, ${server.connections.length} left`));
});
server.on("close", () => console.log("stopped"));
server.listen(0, "127.0.0.1", () => console.log(`listening on ${server.socket.address().port}`));
process.stdin.resume().on("end", () => server.close());
