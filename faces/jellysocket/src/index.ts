/** The two classes of jellysocket. */
export { Application } from "./application.ts";
export { JellySocket } from "./jelly-socket.ts";
