import { checkFace } from "../kit/contract.js";

await checkFace("jellysocket");
