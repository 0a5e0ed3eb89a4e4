/** How connections of our server die of clients that know TCP alone. */
import { randomBytes } from "node:crypto";
import { deflate, deflatedFrame, OFFER } from "../../hostile/deflated.ts";
import { BINARY, closeFrame, frame, PING, TEXT, text } from "../../node/connection/frames.ts";
import { handshakeText, RawClient, statusOf } from "../../node/server/raw-client.ts";
import { type Death, SELDOM, seldom, USUAL, type World } from "./world.ts";

/** So much that it is inflated by another thread, during which its connection can end. */
const SLOW = deflatedFrame(BINARY, deflate(randomBytes(20_000)));
const TOO_BIG = frame(BINARY, Buffer.alloc(1 << 21)).subarray(0, 20);

const BINARY_HALF = frame(BINARY, Buffer.alloc(5_000)).subarray(0, 2_500);

async function ask(origin: string, target: string): Promise<RawClient> {
  const client = await RawClient.connect(origin);
  return client.write(handshakeText({ target, headers: OFFER }));
}

async function open(origin: string, target = "/echo"): Promise<RawClient> {
  const client = await ask(origin, target);
  const head = await client.head();
  if (statusOf(head) !== 101) throw new Error(head);
  return client;
}

/** @param act what the client does once it is connected, before it waits for the end */
function opened(name: string, act: (client: RawClient) => unknown, target?: string): Death {
  return {
    name,
    share: USUAL,
    async die({ patient }) {
      const client = await open(patient, target);
      await act(client);
      await client.closed;
    },
  };
}

/** The server ends it. */
function hasty(name: string, bytes?: Uint8Array): Death {
  return {
    name,
    share: USUAL,
    async die(world) {
      const client = await open(world.hasty);
      if (bytes !== undefined) client.write(bytes);
      await client.closed;
    },
  };
}

/** It does not come so far. */
function asked(
  name: string,
  act: (client: RawClient) => unknown,
  target: string,
  at: "patient" | "hasty" = "patient",
): Death {
  return {
    name,
    share: USUAL,
    async die(world: World) {
      const client = await ask(world[at], target);
      await act(client);
      await client.closed;
    },
  };
}

const reset = (client: RawClient): void => client.reset();

function write(...bytes: Uint8Array[]): (client: RawClient) => unknown {
  return (client) => client.write(...bytes);
}

function writeAndReset(...bytes: Uint8Array[]): (client: RawClient) => Promise<void> {
  return async (client) => {
    await new Promise((resolve) => client.socket.write(Buffer.concat(bytes), resolve));
    client.reset();
  };
}

export const SERVER_DEATHS: readonly Death[] = [
  opened("reset", reset),
  opened("end without a Close frame", (client) => client.socket.end()),
  opened("end of one side, with a message behind which nothing comes", (client) =>
    client.write(text("a")).socket.end(),
  ),
  opened("protocol error", write(frame(TEXT, "unmasked", { mask: null }))),
  opened("text that is not UTF-8", write(frame(TEXT, Buffer.from([0xff])))),
  opened("message above the limit", write(TOO_BIG)),
  opened("reset in the middle of a message", writeAndReset(BINARY_HALF)),
  opened("end in the middle of a message", (client) => client.write(BINARY_HALF).socket.end()),
  opened("reset while a message is inflated", writeAndReset(SLOW), undefined),
  opened("fault behind what is inflated", write(SLOW, frame(TEXT, "unmasked", { mask: null })), undefined),
  opened("Close frame and reset", writeAndReset(closeFrame(1000))),
  opened("pings and reset", writeAndReset(...Array.from({ length: 20 }, () => frame(PING, "still there?")))),
  opened("Close frame that is never answered", () => {}, "/closes"),
  opened("failure of the application's handler", write(text("a")), "/throws"),
  opened("reset while the server is paused", writeAndReset(text("a")), "/paused"),
  opened("termination while the server is paused", write(text("a")), "/paused-and-terminated"),
  opened("reset with pings that wait", reset, "/pings"),
  opened("reset while the server iterates", writeAndReset(text("a")), "/iterates"),
  opened("reset of a message's readers", reset, "/streams"),
  opened("reset of a Readable's reader", reset, "/reads"),
  opened("reset of a subscriber", reset, "/topic"),
  seldom(opened("reset of a reader that is slow", (client) => client.socket.pause() && client.reset(), "/floods")),
  hasty("heartbeat"),
  hasty("message that is never finished", frame(BINARY, "a", { fin: false })),
  hasty("too many fragments", Buffer.concat([frame(TEXT, "a", { fin: false }), ...empties(5)])),
  hasty("too many messages", Buffer.concat(Array.from({ length: 40 }, () => text("a")))),
  {
    name: "too much for a peer that is slow",
    share: SELDOM,
    async die({ hasty }) {
      const client = await open(hasty, "/overflows");
      client.socket.pause();
      // Nobody tells a client that does not read when the server has given it up
      setTimeout(reset, 40, client);
      await client.closed;
    },
  },
  asked("refusal", () => {}, "/refuses"),
  asked("refusal of a path that is not there", () => {}, "/nowhere"),
  asked("reset while the application decides", reset, "/pending"),
  asked("end while the application decides", (client) => client.socket.end(), "/pending"),
  asked("reset while the application has forgotten it", reset, "/forgotten"),
  seldom(asked("decision that is never made", () => {}, "/forgotten", "hasty")),
  {
    name: "reset in the middle of the request",
    share: USUAL,
    async die({ patient }) {
      const client = await RawClient.connect(patient);
      await writeAndReset(Buffer.from(handshakeText().slice(0, 50)))(client);
      await client.closed;
    },
  },
];

function empties(count: number): Buffer[] {
  return Array.from({ length: count }, () => frame(0, "", { fin: false }));
}
