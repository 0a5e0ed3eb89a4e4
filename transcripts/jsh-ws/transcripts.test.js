import { checkFace } from "../kit/contract.js";

await checkFace("jsh-ws");
