import { compareFace } from "../kit/compare.js";

await compareFace("jadsonlucena-websocket");
