import { websocketNodePeer } from "./peers/websocket-node.ts";
import { runScenarios } from "./scenarios.ts";

runScenarios(websocketNodePeer(13));
runScenarios(websocketNodePeer(8));
