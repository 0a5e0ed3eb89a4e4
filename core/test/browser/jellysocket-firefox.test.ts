import { driveFirefox, skip } from "./firefox.ts";
import { testJellySocketIn } from "./jellysocket-scenarios.ts";

testJellySocketIn("Firefox", skip, driveFirefox);
