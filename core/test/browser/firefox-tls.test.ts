import { driveFirefox, skip } from "./firefox.ts";
import { runScenarios } from "./run-scenarios.ts";

runScenarios("Firefox", skip, driveFirefox);
