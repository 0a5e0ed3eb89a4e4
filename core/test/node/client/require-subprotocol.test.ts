import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect } from "../../../src/node/client/connect.ts";
import type { ConnectOptions } from "../../../src/node/client/connect-options.ts";
import { handshakeError, start } from "./handshaking.ts";
import { RawHttp2Server } from "./raw-http2-server.ts";
import { RawServer } from "./raw-server.ts";

const REQUIRED = { subprotocols: ["a", "b"], requireSubprotocol: true } as const;

describe("requireSubprotocol (RFC 6455 §4.1)", () => {
  for (const version of ["1.1", "2.0"]) {
    /** A server that selects this subprotocol, or none. */
    const listen = async (t: Parameters<typeof RawHttp2Server.start>[0], selected?: string): Promise<string> => {
      if (version === "2.0") {
        const fields = selected === undefined ? {} : { "sec-websocket-protocol": selected };
        return (await RawHttp2Server.start(t, (stream) => stream.respond({ ":status": 200, ...fields }))).url;
      }
      const headers: Record<string, string> = selected === undefined ? {} : { "Sec-WebSocket-Protocol": selected };
      return (await RawServer.listen(t, { script: (peer) => peer.accept(headers) })).url();
    };
    const http2 = version === "2.0";

    test(`fails over HTTP/${version} with SUBPROTOCOL_MISSING where the server selects none`, async (t) => {
      const error = await handshakeError(start(t, await listen(t), { ...REQUIRED, http2 }));
      assert.equal(error.code, "SUBPROTOCOL_MISSING");
      assert.equal(error.statusCode, http2 ? 200 : 101);
      assert.ok(error.response !== undefined);
      assert.match(error.message, /^the server selected none of the subprotocols, and one is required/);
    });

    test(`is content over HTTP/${version} with any that was offered`, async (t) => {
      for (const selected of ["a", "b"]) {
        const connection = await start(t, await listen(t, selected), { ...REQUIRED, http2 }).opened;
        assert.equal(connection.subprotocol, selected);
      }
    });

    test(`says of another one over HTTP/${version} what is ever said of it`, async (t) => {
      const error = await handshakeError(start(t, await listen(t, "c"), { ...REQUIRED, http2 }));
      assert.equal(error.code, "SUBPROTOCOL_NOT_OFFERED");
    });

    test(`means nothing over HTTP/${version} where none was offered, and is off by default`, async (t) => {
      const url = await listen(t);
      const contents: readonly ConnectOptions[] = [
        { requireSubprotocol: true },
        { subprotocols: [], requireSubprotocol: true },
        { subprotocols: ["a"] },
        { subprotocols: ["a"], requireSubprotocol: false },
        { subprotocols: ["a"], requireSubprotocol: undefined },
      ];
      for (const options of contents) {
        const connection = await start(t, url, { ...options, http2 }).opened;
        assert.equal(connection.subprotocol, "");
      }
    });
  }

  for (const requireSubprotocol of [null, 1, "a", {}]) {
    test(`is true or false, not ${JSON.stringify(requireSubprotocol)}`, async () => {
      await assert.rejects(Reflect.apply(connect, undefined, ["ws://127.0.0.1:1/", { requireSubprotocol }]), {
        code: "USAGE",
        message: /^requireSubprotocol is of type /,
      });
    });
  }
});
