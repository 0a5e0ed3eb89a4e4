import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { connect } from "../../src/node/index.ts";
import { Mailbox } from "../e2e/mailbox.ts";
import { ShortProcess } from "./short/short-process.ts";

/** Every write to it fails as if the disk were full. */
const FULL = "/dev/full";

describe("a server whose disk is full", { timeout: 30_000, skip: !existsSync(FULL) }, () => {
  test("goes on while warnings and what it prints cannot be written", async (t) => {
    const child = await ShortProcess.start({ redirect: `>${FULL} 2>&1` });
    t.after(() => child.stop());
    const url = await child.ask<string>("serve", "plain");
    await child.ask("complain", 100);
    // Warnings of our own: a handler's failure and an upgrade's, of which nobody else is told
    for (let left = 3; left > 0; left--) {
      const thrown = await connect(`${url}/throws`);
      thrown.send("a");
      assert.equal((await thrown.closed).code, 1011);
      await assert.rejects(connect(`${url}/refuses`), { statusCode: 500 });
    }
    const messages = new Mailbox<unknown>();
    const connection = await connect(url, { message: (_connection, message) => messages.put(message) });
    connection.send("still there?");
    assert.equal(await messages.take(), "still there?");
    connection.close();
    await connection.closed;
    assert.deepEqual(await child.ask("errors"), { HANDLER_FAILED: 3, UPGRADE_FAILED: 3 });
  });
});
