/** Draws what its input says: `draw COLOUR POINTS`, `clear`, `stamp HEX`; goes away at its end. Prints what is on the board. Argument: URL. */
const readline = require("node:readline");
const WebSocketClient = require("websocket").client;

let board = [];
const client = new WebSocketClient();
client.on("connectFailed", (error) => console.log(`failed: ${error}`));
client.on("connect", (connection) => {
  console.log("at the board");
  connection.on("message", (message) => {
    if (message.type === "binary") {
      console.log(`stamp ${message.binaryData.toString("hex")}`);
      return;
    }
    const command = JSON.parse(message.utf8Data);
    if (command.command === "history") board = command.strokes;
    else board = command.command === "clear" ? [] : [...board, command.stroke];
    const strokes = board.map(
      ({ colour, points }) => `${colour} of ${points.length} from ${points[0]} to ${points.at(-1)}`,
    );
    console.log(`${command.command}: ${strokes.join("; ")}`);
  });
  connection.on("close", (code, reason) => {
    console.log(`closed: ${code} ${reason}`);
    lines.close();
    process.stdin.destroy();
  });
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const [command, what, ...points] = line.split(" ");
    if (command === "stamp") connection.sendBytes(Buffer.from(what, "hex"));
    else
      connection.sendUTF(
        JSON.stringify(command === "clear" ? { command } : { command, stroke: { colour: what, points } }),
      );
  });
  lines.on("close", () => connection.close());
});
client.connect(process.argv[2], "whiteboard");
