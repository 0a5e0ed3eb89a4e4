import type { Readable } from "node:stream";

/** What an error shows of a refusal's body; the rest is not read. */
const MAX_BODY_BYTES = 16_384;
/** How long the body may take, so that one that trickles in does not hold back the error. */
const BODY_TIMEOUT_MS = 2_000;
const NOTHING = Buffer.alloc(0);

/** Read the start of a refusal's body, then give the connection up.
 * @param done called once with at most 16 KiB, its own copy
 * @returns to stop reading now: `done` is called before it returns */
export function readRefusalBody(response: Readable, done: (body: Buffer) => void): () => void {
  // One array that is copied into: a body of tiny chunks must not be kept as tiny arrays
  let body = Buffer.alloc(MAX_BODY_BYTES);
  let length = 0;
  let isOver = false;
  const finish = (): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    response.destroy();
    const shown = Buffer.from(body.subarray(0, length));
    // An error keeps the functions on its stack alive until somebody reads it, and this one with them
    body = NOTHING;
    done(shown);
  };
  const timer = setTimeout(finish, BODY_TIMEOUT_MS);
  response.on("data", (chunk: Buffer) => {
    length += chunk.copy(body, length);
    if (length === MAX_BODY_BYTES) finish();
  });
  response.on("error", finish);
  response.on("close", finish);
  response.on("end", finish);
  return finish;
}
