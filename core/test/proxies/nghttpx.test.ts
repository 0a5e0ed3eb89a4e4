import { nghttpxSetups } from "./nghttpx.ts";
import { runThroughProxies } from "./through-proxy.ts";

runThroughProxies(nghttpxSetups);
