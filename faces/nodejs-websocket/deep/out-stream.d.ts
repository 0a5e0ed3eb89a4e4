import type * as ws from "../index.js";

declare const OutStream: abstract new (...values: never[]) => ws.OutStream;
type OutStream = ws.OutStream;
export = OutStream;
