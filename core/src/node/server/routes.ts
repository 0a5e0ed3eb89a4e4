import { UsageError } from "../../engine/errors.ts";
import type { Handlers } from "../connection/settings.ts";
import type { Rules } from "./decision.ts";
import type { HandshakeRequest } from "./handshake-request.ts";

/** What is served at one path. */
export interface Route<Data> {
  readonly handlers: Handlers<Data, HandshakeRequest>;
  readonly rules: Rules<Data>;
}

/** The paths of a server, whatever is served there. */
export interface ServedPaths {
  /** Those of the table in order; none where all paths are served. */
  readonly paths: readonly string[];
  serves(path: string): boolean;
}

/** Which paths are served: all of them, or those of a table. Paths are compared exactly, without the query. */
export class Routes<Data> implements ServedPaths {
  readonly #byPath: ReadonlyMap<string, Route<Data>>;
  readonly #everywhere: Route<Data> | undefined;

  /** @param everywhere what is served at the paths that the table does not have
   * @throws UsageError for a path that no request can have */
  constructor(byPath: ReadonlyMap<string, Route<Data>>, everywhere?: Route<Data>) {
    for (const path of byPath.keys()) checkPath(path);
    this.#byPath = byPath;
    this.#everywhere = everywhere;
  }

  match(path: string): Route<Data> | undefined {
    return this.#byPath.get(path) ?? this.#everywhere;
  }

  serves(path: string): boolean {
    return this.match(path) !== undefined;
  }

  get paths(): readonly string[] {
    return [...this.#byPath.keys()];
  }
}

/** The first path that two servers have both; undefined for none. Two that serve all paths have "*" in common. */
export function overlap(one: ServedPaths, other: ServedPaths): string | undefined {
  if (one.paths.length === 0 && other.paths.length === 0) return "*";
  return one.paths.find((path) => other.paths.includes(path));
}

function checkPath(path: string): void {
  if (/^\/[\x21\x22\x24-\x3e\x40-\x7e]*$/.test(path)) return;
  throw new UsageError(
    `the path is ${JSON.stringify(path)}; begin it with "/" and write it as it is in a URL, percent-encoded, without query`,
  );
}
