import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { mostSockets } from "../../../src/node/server/open-files.ts";

function limitsWith(soft: string): string {
  return `Limit                     Soft Limit           Hard Limit           Units     \nMax processes             95000                95000                processes \nMax open files            ${soft}                 1048576              files     \n`;
}

describe("sockets that a server may have", () => {
  test("leave a tenth of the open files to the application, 32 at least, half at most", () => {
    assert.equal(mostSockets(limitsWith("1048576")), 943_718);
    assert.equal(mostSockets(limitsWith("1024")), 921);
    assert.equal(mostSockets(limitsWith("128")), 96);
    assert.equal(mostSockets(limitsWith("40")), 20);
    assert.equal(mostSockets(limitsWith("1")), 1);
  });

  test("are any number where no limit is told", () => {
    assert.equal(mostSockets(limitsWith("unlimited")), Number.POSITIVE_INFINITY);
    assert.equal(mostSockets(""), Number.POSITIVE_INFINITY);
  });
});
