import { driveChromium, skip } from "./chromium.ts";
import { testJellySocketIn } from "./jellysocket-scenarios.ts";

testJellySocketIn("Chromium", skip, driveChromium);
