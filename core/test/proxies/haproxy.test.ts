import { haproxySetups } from "./haproxy.ts";
import { runThroughProxies } from "./through-proxy.ts";

runThroughProxies(haproxySetups);
