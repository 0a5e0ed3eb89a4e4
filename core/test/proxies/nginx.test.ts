import { nginxSetups } from "./nginx.ts";
import { runThroughProxies } from "./through-proxy.ts";

runThroughProxies(nginxSetups);
