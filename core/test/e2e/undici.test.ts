import { WebSocket } from "undici";
import { undiciPeer, type WebSocketClass } from "./peers/undici.ts";
import { runScenarios } from "./scenarios.ts";

runScenarios(undiciPeer("undici", WebSocket));

// Node has one of its own since version 22
const builtIn: WebSocketClass | undefined = Reflect.get<object, string>(globalThis, "WebSocket");
if (builtIn !== undefined) runScenarios(undiciPeer("Node's WebSocket", builtIn));
