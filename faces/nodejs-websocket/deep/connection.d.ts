import type * as ws from "../index.js";

declare const Connection: abstract new (...values: never[]) => ws.Connection;
type Connection = ws.Connection;
export = Connection;
