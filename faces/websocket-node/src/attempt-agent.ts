import * as http from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";

/** Who hears of one request, before the core does. */
export interface AttemptWatcher {
  asked(request: http.ClientRequest): void;
  answered(response: http.IncomingMessage): void;
  upgraded(response: http.IncomingMessage, socket: Socket): void;
}

/** As Node has them for `agent: false`, but one for all requests: no socket is kept, and no TLS session. */
const plain = new http.Agent();
const secure = new https.Agent({ maxCachedSessions: 0 });

/** Node knows these two methods of an agent alone; types do not have the first. */
type Requests = { addRequest(request: http.ClientRequest, options: unknown): void };

/** An agent that lets one request be seen: Node's own objects belong to what the original shows.
 * @param given the application's own */
export function watchingAgent(given: unknown, isSecure: boolean, watcher: AttemptWatcher): http.Agent {
  const inner = (given || (isSecure ? secure : plain)) as unknown as Requests & http.Agent;
  const agent: Requests = {
    addRequest(request, options) {
      watcher.asked(request);
      request.once("response", (response) => watcher.answered(response));
      request.once("upgrade", (response, socket) => watcher.upgraded(response, socket as Socket));
      inner.addRequest(request, options);
    },
  };
  return agent as unknown as http.Agent;
}
