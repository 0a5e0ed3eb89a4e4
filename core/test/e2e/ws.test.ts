import { wsPeer } from "./peers/ws.ts";
import { runScenarios } from "./scenarios.ts";

runScenarios(wsPeer(13));
runScenarios(wsPeer(8));
