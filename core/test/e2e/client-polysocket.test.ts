import { runClientScenarios } from "./client-scenarios.ts";
import { polysocketServer } from "./servers/polysocket.ts";

runClientScenarios(polysocketServer, 13);
runClientScenarios(polysocketServer, 8);
