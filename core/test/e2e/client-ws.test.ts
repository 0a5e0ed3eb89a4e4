import { runClientScenarios } from "./client-scenarios.ts";
import { wsServer } from "./servers/ws.ts";

runClientScenarios(wsServer, 13);
runClientScenarios(wsServer, 8);
