import { after, describe } from "node:test";
import { requirePeer } from "../../../tools/require-peer.js";
import { PythonWebsockets } from "./peers/python-websockets.ts";
import { runScenarios } from "./scenarios.ts";

const { command, skip } = requirePeer("python3-websockets");
const python = new PythonWebsockets(command);

describe("python3-websockets", { skip }, () => {
  after(() => python.stop());
  runScenarios(python);
});
