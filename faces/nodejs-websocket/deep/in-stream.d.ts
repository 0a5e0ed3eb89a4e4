import type * as ws from "../index.js";

declare const InStream: abstract new (...values: never[]) => ws.InStream;
type InStream = ws.InStream;
export = InStream;
