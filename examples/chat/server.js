/**
 * A chat over polysocket. `npm start` runs it on http://127.0.0.1:8080; PORT and HOST in the environment change that.
 * One http server gives the page to browsers, and the WebSocket at /chat is attached to it; beside it echo servers, one for
 * each library that polysocket stands in for.
 */
import { createServer } from "node:http";
import { attach } from "polysocket";
import { Chat } from "./chat.js";
import { serveEchoes } from "./echoes.js";
import { servePage } from "./page.js";

const { HOST: host = "127.0.0.1", PORT: port = "8080" } = process.env;

const chat = new Chat();
const server = createServer(servePage);

// Other websites' pages are refused unless `origins` says otherwise
const sockets = attach(server, {
  path: "/chat",
  limits: { maxMessageBytes: 16 * 1024 },
  backpressure: { maxBufferedBytes: 1024 * 1024 },
  upgrade() {
    if (chat.isFull) return { statusCode: 503, body: "The chat is full.\n" };
  },
  open(connection) {
    connection.data = chat.enter(connection);
  },
  message(connection, message) {
    chat.receive(connection.data, message);
  },
  close(connection) {
    chat.exit(connection.data);
  },
});

const endEchoes = serveEchoes(server);

server.on("error", (error) => {
  console.error(explain(error));
  process.exit(1);
});
server.listen({ host, port: readPort(port) }, () => {
  console.log(`The chat is at ${new URL("/", sockets.url.replace("ws:", "http:"))}`);
  console.log("Open it in two tabs; its button “Six libraries, one port” shows the older libraries. Ctrl+C stops it.");
});

process.once("SIGINT", stop);
process.once("SIGTERM", stop);

/** Say goodbye to everybody, and end when all are gone. A second signal ends at once, as signals usually do. */
async function stop() {
  server.close();
  endEchoes();
  await sockets.close({ reason: "the server stops" });
  server.closeAllConnections();
}

function readPort(text) {
  if (/^\d+$/.test(text) && Number(text) <= 65_535) return Number(text);
  console.error(`PORT is ${JSON.stringify(text)}; give a number from 0 to 65535, where 0 takes any free port.`);
  process.exit(1);
}

function explain(error) {
  const example = `PORT=${port === "8081" ? 8082 : 8081} npm start`;
  if (error.code === "EADDRINUSE") return `Port ${port} is taken by another program. Take another one: ${example}`;
  if (error.code === "EACCES") return `Port ${port} is not for everybody. Take one above 1023: ${example}`;
  if (error.code === "EADDRNOTAVAIL") return `This machine has no address ${host}. Set HOST to one that it has.`;
  return `The server cannot start: ${error.message}`;
}
