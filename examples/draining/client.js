/**
 * A client that survives its server's restarts: `node examples/draining/client.js ws://127.0.0.1:8080/socket`.
 * Once a second (EVERY_MS in the environment) it sends a numbered message, whether there is a connection or not, and tells what becomes of it.
 */
import { connect } from "polysocket";

const [, , url = "ws://127.0.0.1:8080/socket"] = process.argv;
const { EVERY_MS: everyMs = "1000" } = process.env;

const connection = await connect(url, {
  // The delays are random, so that a thousand clients do not come back as one
  reconnect: { minDelayMs: 100, maxDelayMs: 5_000 },
  open(_connection, _response, { isFirst, number }) {
    console.log(isFirst ? "connected" : `connected again, attempt ${number}`);
  },
  message(_connection, message) {
    if (String(message).startsWith("number ")) console.log(`echo of ${message}`);
  },
  away(_connection, { code, reason }) {
    console.log(`away: ${code} ${reason}`);
  },
  lost(_connection, { messages, reason }) {
    for (const { data } of messages) console.log(`lost (${reason}): ${data}`);
  },
});

let count = 0;
const timer = setInterval(() => {
  count += 1;
  connection.send(`number ${count}`);
}, Number(everyMs));

process.once("SIGINT", () => connection.close(1000));
process.once("SIGTERM", () => connection.close(1000));
const { last } = await connection.closed;
clearInterval(timer);
console.log(`ended: ${last?.code ?? "without a connection"}`);
