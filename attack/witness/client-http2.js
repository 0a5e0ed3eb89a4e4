/** A well-behaved client over HTTP/2: Node's own HTTP/2, and the few frames that an echo takes. */
import { once } from "node:events";
import http2 from "node:http2";
import { serverName } from "./client-http1.js";
import { closePayload, frame, frameReader, opcode } from "../wire/frames.js";

/** @typedef {import("../attack.js").Target} Target */
/** @typedef {import("./client-http1.js").Client} Client */
/** @typedef {import("./client-http1.js").Listener} Listener */

/** An HTTP/2 connection of its own for each, as different people have.
 * @param {Target} target
 * @param {Listener} listener
 * @param {number} timeoutMs
 * @returns {Promise<Client>} */
export async function openClient(target, { onAnswer, onGone }, timeoutMs) {
  const host = target.address.includes(":") ? `[${target.address}]` : target.address;
  const session = http2.connect(`${target.secure ? "https" : "http"}://${host}:${target.port}`, {
    ...{ rejectUnauthorized: !target.insecure, ...(target.ca !== undefined && { ca: target.ca }) },
    servername: serverName(target),
  });
  let problem = "";
  session.on("error", (error) => {
    problem = error.message;
  });
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    await once(session, "remoteSettings", { signal });
    const stream = await openStream(session, target, signal);
    const read = frameReader(({ opcode: kind, payload }) => {
      if (kind === (target.echo ? opcode.text : opcode.pong)) onAnswer(payload.toString());
      if (kind === opcode.close) problem ||= `closed with ${payload.length < 2 ? 1005 : payload.readUInt16BE(0)}`;
    });
    stream.on("data", read);
    stream.on("error", (error) => {
      problem ||= error.message;
    });
    stream.on("close", () => {
      onGone(problem || "the stream ended");
      session.close();
    });
    const kind = target.echo ? opcode.text : opcode.ping;
    return {
      send: (payload) => void stream.write(frame({ opcode: kind, payload })),
      close: () => void stream.end(frame({ opcode: opcode.close, payload: closePayload(1000) })),
      terminate: () => session.destroy(),
    };
  } catch (error) {
    session.destroy();
    throw error;
  }
}

/** @param {http2.ClientHttp2Session} session
 * @param {Target} target
 * @param {AbortSignal} signal */
async function openStream(session, target, signal) {
  if (!session.remoteSettings.enableConnectProtocol) throw new Error("no extended CONNECT (RFC 8441 §3)");
  const stream = session.request(
    {
      ...{ ":method": "CONNECT", ":protocol": "websocket", ":scheme": target.secure ? "https" : "http" },
      ...{ ":path": target.path, ":authority": target.host, "sec-websocket-version": "13" },
    },
    { endStream: false },
  );
  const [headers] = await once(stream, "response", { signal });
  if (headers[":status"] !== 200) throw new Error(`the handshake was answered ${headers[":status"]}`);
  return stream;
}
