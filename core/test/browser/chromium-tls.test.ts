import { driveChromium, skip } from "./chromium.ts";
import { runScenarios } from "./run-scenarios.ts";

runScenarios("Chromium", skip, driveChromium);
