/** The same class as the script's. */
export { default } from "./index.js";
