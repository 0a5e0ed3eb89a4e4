/**
 * Plays a case over a socket, or a stream of HTTP/2, on which the opening handshake is done, but for a response that is still to be written.
 * In: a tester, a cutter, the socket, how long to wait for what. Out: what is wrong.
 * Pieces are kept apart by letting the event loop go round between them: a peer on the same thread then reads nearly
 * every one by itself, because the loop polls its socket before the next is written. For one elsewhere give `apartMs`.
 */
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { NOTHING } from "./opening-handshake.js";

/** @typedef {import("./opening-handshake.js").Opened["socket"]} Socket */
/** @typedef {import("../tester/tester.js").Tester} Tester */
/** @typedef {import("./cuts.js").Cutter} Cutter */
/**
 * @typedef {object} Timing
 * @property {number} pauseMs length of the pauses of the cases, which are made to be 1,000
 * @property {number} idleMs how long nothing may move before the peer is given up
 * @property {number} apartMs after a small piece; 0: one turn of the event loop, as after a larger one
 */

/** Pieces of so many octets are too many to wait after each. */
const SMALL = 16;
/** In so many turns after a time everything that was due before its end happens, however busy the loop was. */
const TURNS_AFTER = 4;

/** @param {Tester} tester
 * @param {Cutter} cutter
 * @param {import("./opening-handshake.js").Opened} connection
 * @param {Timing} timing
 * @returns {Promise<string[]>} what is wrong; nothing if the case is passed */
export async function playOverSocket(tester, cutter, { socket, leave, head, unsent }, timing) {
  const bell = new Bell();
  let before = unsent;
  const ended = () => {
    tester.receiveEnd();
    bell.ring();
  };
  socket.on("end", ended).on("close", ended);
  socket.on("data", (/** @type {Buffer} */ chunk) => {
    tester.receive(chunk);
    bell.ring();
  });
  if (head.length > 0) tester.receive(head);
  socket.resume();
  while (!tester.done) {
    const step = tester.next();
    if (step?.type === "write") {
      // Every case begins with a write
      const bytes = before.length === 0 ? step.bytes : Buffer.concat([before, step.bytes]);
      before = NOTHING;
      await writePieces(tester, socket, cutter.pieces(bytes, step.chop), timing);
    } else if (step?.type === "pause") void pause(tester, bell, timing.pauseMs);
    else if (step?.type === "linger") await pass(timing.pauseMs);
    else if (step?.type === "end") socket.end();
    else if (!tester.done && !(await bell.heard(timing.idleMs)) && !tester.pausing) tester.idle();
  }
  const wrong = tester.judge();
  if (!tester.dropped) return [...wrong, ...(await leave(timing.idleMs))];
  socket.destroy();
  return wrong;
}

/** @param {Tester} tester
 * @param {Socket} socket
 * @param {Iterable<Buffer>} pieces
 * @param {Timing} timing */
async function writePieces(tester, socket, pieces, { apartMs, idleMs }) {
  for (const piece of pieces) {
    if (!socket.writable || tester.interrupted) return;
    if (!(await write(socket, piece, idleMs))) {
      tester.idle();
      return;
    }
    await (apartMs === 0 || piece.length > SMALL ? turn() : sleep(apartMs));
  }
}

/** @param {Socket} socket
 * @param {Buffer} piece
 * @param {number} timeoutMs
 * @returns {Promise<boolean>} false when the system has not taken it in time */
function write(socket, piece, timeoutMs) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs, false);
    socket.write(piece, () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/** @param {Tester} tester
 * @param {Bell} bell
 * @param {number} ms */
async function pause(tester, bell, ms) {
  await pass(ms);
  tester.pauseOver();
  bell.ring();
}

/** @param {number} ms */
async function pass(ms) {
  await sleep(ms);
  for (let i = 0; i < TURNS_AFTER; i++) await turn();
}

/** Wakes one who waits; a ring that nobody waits for is remembered. */
class Bell {
  #rung = false;
  #wake = () => {};

  ring() {
    this.#rung = true;
    this.#wake();
  }

  /** Wait for a ring.
   * @param {number} timeoutMs
   * @returns {Promise<boolean>} false when there was none in time */
  async heard(timeoutMs) {
    if (!this.#rung) {
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve(undefined);
        };
      });
      // When the loop was held up the timer comes before what has long arrived
      for (let i = 0; i < TURNS_AFTER && !this.#rung; i++) await turn();
    }
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }
}
