/**
 * A server whose upgrades, ends and some of its messages are traced with OpenTelemetry; spans are lines of JSON on stdout.
 * HOST and PORT in the environment say where; MESSAGE_RATIO how many of the messages are traced, 0.01 if it is not set.
 */
import { setTimeout } from "node:timers/promises";
import { trace } from "@opentelemetry/api";
import { serve } from "polysocket";
import { startTelemetry } from "./telemetry.js";
import { traceConnections, tracedMessages, tracedUpgrade } from "./tracing.js";

/** @import { HandshakeRequest } from "polysocket" */

const { HOST: host = "127.0.0.1", PORT: port = "8080", MESSAGE_RATIO: ratio = "0.01" } = process.env;

const telemetry = startTelemetry();
traceConnections();
const tracer = trace.getTracer("example");

const server = await serve({
  host,
  port: Number(port),
  upgrade: tracedUpgrade(authorize),
  message: tracedMessages(Number(ratio), async (connection, message) => {
    if (message === "fail") throw new Error("as you wish");
    connection.send(await answer(message));
  }),
});
// Not to stdout, where the spans are
console.error(`WebSocket at ${server.url}`);

process.once("SIGINT", stop);
process.once("SIGTERM", stop);

/** @param {HandshakeRequest} request */
async function authorize(request) {
  await tracer.startActiveSpan("look up user", async (span) => {
    await setTimeout(5);
    span.end();
  });
  return request.query.get("user") === "nobody" ? { statusCode: 401 } : undefined;
}

/** The span of the message is this one's parent: nothing is handed over for it.
 * @param {string | Uint8Array} message */
async function answer(message) {
  return tracer.startActiveSpan("work out answer", async (span) => {
    await setTimeout(5);
    span.end();
    return message;
  });
}

async function stop() {
  await server.close();
  await telemetry.stop();
}
