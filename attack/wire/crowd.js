/** Many WebSockets that do the same, and how each of them ended. */
import { frameReader, opcode } from "./frames.js";
import { closed, openMany, writeAll } from "./http1.js";
import { openChannels } from "./open-channel.js";

/** @typedef {import("../attack.js").AttackContext} AttackContext */
/** @typedef {import("node:stream").Duplex} Channel */
/**
 * One of the crowd. What it has received is known only if it reads.
 * @typedef {object} Member
 * @property {Channel} socket a TCP or TLS socket, or one stream of HTTP/2
 * @property {number} index
 * @property {number | undefined} closeCode of the server's Close frame
 * @property {string[]} messages the first bytes of those that came back
 * @property {number} pongs
 * @property {boolean} over the server has ended its side, or everything
 */

/**
 * @typedef {object} Reading
 * @property {boolean} [reads] false leaves what comes unread
 * @property {number} [kept] how many messages are remembered
 * @property {(frame: import("./frames.js").ReceivedFrame, member: Member) => void} [inspect]
 */

/** How much of a message is kept: enough to know it by. */
const KEPT = 32;

/** Opens the crowd, and when all are there plays the script on each member at once.
 * @param {AttackContext} context
 * @param {(member: Member) => Promise<unknown>} play
 * @param {import("./http1.js").HandshakeParts & Reading} [parts]
 * @returns {Promise<Member[]>} those that got in */
export async function crowd(
  { target, connections, signal, prepare },
  play,
  { reads = true, kept, inspect, ...parts } = {},
) {
  let next = 0;
  const open = openChannels(target, { ...parts, signal });
  const opening = openMany(connections, async () => {
    const { socket, head } = await open();
    const member = memberOf(socket, next++);
    if (reads) read(member, { head, ...(kept !== undefined && { kept }), ...(inspect && { inspect }) });
    return member;
  });
  const members = await prepare(opening);
  if (members.length === 0 && !signal.aborted) throw new Error("no handshake succeeded");
  await Promise.allSettled(members.map(play)); // one whose socket is gone knows it
  return members;
}

/** A crowd whose members send once what is theirs, and wait for the end.
 * @param {AttackContext} context
 * @param {(index: number) => Buffer} bytesOf
 * @param {Parameters<typeof crowd>[2]} [parts] */
export function crowdThatSends(context, bytesOf, parts) {
  const { signal } = context;
  return crowd(
    context,
    async ({ socket, index }) => {
      await writeAll(socket, bytesOf(index), signal);
      await closed(socket, signal);
    },
    parts,
  );
}

/** @param {Channel} socket
 * @param {number} index
 * @returns {Member} */
export function memberOf(socket, index) {
  /** @type {Member} */
  const member = { socket, index, closeCode: undefined, messages: [], pongs: 0, over: false };
  const onEnd = () => {
    member.over = true;
  };
  socket.on("end", onEnd).on("close", onEnd);
  return member;
}

/** Begins to read what the server sends to a member.
 * @param {Member} member
 * @param {Omit<Reading, "reads"> & { head?: Buffer }} [options] */
export function read(member, { head, kept = 100, inspect } = {}) {
  const receive = frameReader((received) => {
    const { opcode: kind, payload } = received;
    inspect?.(received, member);
    if (kind === opcode.close) member.closeCode = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
    else if (kind === opcode.pong) member.pongs++;
    else if (member.messages.length < kept) member.messages.push(payload.toString("latin1", 0, KEPT));
  });
  if (head !== undefined && head.length > 0) receive(head);
  member.socket.on("data", receive).resume();
}

/** "98 of 100 ended by the server (1008 ×98)".
 * @param {readonly Member[]} members */
export function describeCrowd(members) {
  const ended = members.filter(({ over }) => over).length;
  /** @type {Map<number, number>} */
  const codes = new Map();
  for (const { closeCode } of members) if (closeCode) codes.set(closeCode, (codes.get(closeCode) ?? 0) + 1);
  const list = [...codes].sort(([a], [b]) => a - b).map(([code, count]) => `${code} ×${count}`);
  return `${ended} of ${members.length} ended by the server${list.length === 0 ? "" : ` (${list.join(", ")})`}`;
}
