/** A well-behaved client over HTTP/1.1: the ws package, which knows nothing of the attacks. */
import { isIP } from "node:net";
import { WebSocket } from "ws";

/** @typedef {import("../attack.js").Target} Target */
/**
 * What a witness holds of a connection. Numbers come back through `onAnswer` in the order they were sent.
 * @typedef {object} Client
 * @property {(payload: string) => void} send
 * @property {() => void} close
 * @property {() => void} terminate
 */
/** @typedef {{ onAnswer: (payload: string) => void, onGone: (why: string) => void }} Listener */

/** The name for TLS; an address is none (RFC 6066 §3).
 * @param {Target} target */
export function serverName({ host }) {
  const name = host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  return isIP(name) === 0 ? name : "";
}

/** @param {Target} target
 * @param {Listener} listener
 * @param {number} timeoutMs
 * @returns {Promise<Client>} */
export function openClient(target, { onAnswer, onGone }, timeoutMs) {
  return new Promise((resolve, reject) => {
    const host = target.address.includes(":") ? `[${target.address}]` : target.address;
    const socket = new WebSocket(`${target.secure ? "wss" : "ws"}://${host}:${target.port}${target.path}`, {
      ...{ headers: { Host: target.host }, handshakeTimeout: timeoutMs, perMessageDeflate: false },
      ...{ rejectUnauthorized: !target.insecure, ...(target.ca !== undefined && { ca: target.ca }) },
      ...(target.secure && { servername: serverName(target) }),
    });
    let problem = "";
    socket.on("open", () => {
      resolve({
        send: (payload) => (target.echo ? socket.send(payload) : socket.ping(payload)),
        close: () => socket.close(1000),
        terminate: () => socket.terminate(),
      });
    });
    socket.on(target.echo ? "message" : "pong", (data) => onAnswer(String(data)));
    socket.on("error", (error) => {
      problem = error.message;
      reject(error);
    });
    socket.on("close", (code) => onGone(problem || `closed with ${code}`));
  });
}
