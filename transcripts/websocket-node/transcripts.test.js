import { compareFace } from "../kit/compare.js";

await compareFace("websocket-node");
