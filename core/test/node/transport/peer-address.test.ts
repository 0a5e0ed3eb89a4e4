import assert from "node:assert/strict";
import * as net from "node:net";
import { describe, test } from "node:test";
import { peerAddress } from "../../../src/node/transport/peer-address.ts";
import { socketPair } from "./sockets.ts";

describe("the address of a peer", () => {
  for (const kind of ["tcp", "tls"] as const) {
    test(`of a ${kind} socket is its IP address, each time it is asked for`, async (t) => {
      const { near } = await socketPair(t, kind);
      assert.equal(peerAddress(near), "127.0.0.1");
      assert.equal(peerAddress(near), "127.0.0.1");
      assert.equal(near.remoteAddress, "127.0.0.1");
    });
  }

  test("a socket that is gone, or has none, has none", async (t) => {
    assert.equal(peerAddress((await socketPair(t, "unix")).near), undefined);
    assert.equal(peerAddress(new net.Socket()), undefined);
    const { near } = await socketPair(t, "tcp");
    near.destroy();
    assert.equal(peerAddress(near), undefined);
  });
});
