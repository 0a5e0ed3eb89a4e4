import { compareFace } from "../kit/compare.js";

await compareFace("nodejs-websocket");
