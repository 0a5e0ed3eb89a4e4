import type * as ws from "../index.js";

declare const Server: abstract new (...values: never[]) => ws.Server;
type Server = ws.Server;
export = Server;
