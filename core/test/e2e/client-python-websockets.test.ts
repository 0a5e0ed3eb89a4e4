import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { connect } from "polysocket";
import { requirePeer } from "../../../tools/require-peer.js";
import { refusalOf } from "./client-failures.ts";
import { runClientScenarios } from "./client-scenarios.ts";
import { PythonWebsocketsServer } from "./servers/python-websockets.ts";

const { command, skip } = requirePeer("python3-websockets");
const python = new PythonWebsocketsServer(command);

describe("python3-websockets", { skip }, () => {
  after(() => python.stop());
  runClientScenarios(python, 13);

  test("version 8, which it does not speak, is refused with its reason", async (t) => {
    const running = await python.listen();
    t.after(() => running.stop());
    const { statusCode, text } = await refusalOf(connect(running.url, { version: 8 }));
    assert.equal(statusCode, 400);
    assert.match(text, /Sec-WebSocket-Version/);
  });
});
