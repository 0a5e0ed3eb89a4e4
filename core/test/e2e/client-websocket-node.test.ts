import { runClientScenarios } from "./client-scenarios.ts";
import { websocketNodeServer } from "./servers/websocket-node.ts";

runClientScenarios(websocketNodeServer, 13);
runClientScenarios(websocketNodeServer, 8);
