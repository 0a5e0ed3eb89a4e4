/**
 * Plays a story of a server program and its clients with every combination of libraries, each program in a project of its own
 * where `require("<library>")` is the original or our face.
 * In: the library's name, the story, the lines that every combination must print. Out: tests. Does not know what is said.
 */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { RunningProgram } from "./running-program.js";

/** @typedef {"original" | "ours"} Side */
/** @typedef {(file: string, ...args: string[]) => RunningProgram} Start */
/** A server that listens at `url`, and how clients are started.
 * @typedef {{ server: RunningProgram, url: string, client: Start }} Stage */
/** @typedef {{ title: string, server: string, expected: Record<string, string[]>, play: (stage: Stage) => Promise<Record<string, RunningProgram>> }} Story */

/** @type {readonly Side[]} */
const SIDES = ["original", "ours"];
const root = path.resolve(import.meta.dirname, "..");

/** @param {{ library: string, face: string, stories: Story[] }} programs */
export function testPrograms({ library, face, stories }) {
  const folder = mkdtempSync(path.join(tmpdir(), "polysocket-programs-"));
  const projects = {
    original: path.join(folder, "original"),
    ours: path.join(folder, "ours"),
  };
  before(() => {
    makeProject(projects.original, library);
    link(path.join(root, "node_modules", library), path.join(projects.original, "node_modules", library));
    makeProject(projects.ours, library);
    install(path.join(root, "faces", face), path.join(projects.ours, "node_modules", library));
    link(path.join(root, "core"), path.join(projects.ours, "node_modules/polysocket"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const story of stories) {
    describe(`${library}, ${story.title}`, () => {
      for (const server of SIDES) {
        for (const client of SIDES) {
          test(`prints the same with ${called(server)} as server and ${called(client)} as client`, async () => {
            const printed = await playStory(story, projects[server], projects[client]);
            assert.deepEqual(printed, story.expected);
          });
        }
      }
    });
  }
}

/** @param {string} project
 * @param {string} library */
function makeProject(project, library) {
  mkdirSync(path.join(project, "node_modules"), { recursive: true });
  cpSync(path.join(import.meta.dirname, "programs", library), project, { recursive: true });
}

/** What an alias in package.json comes to: the library's name is another package's folder. A link would lead out of node_modules,
 * and Node warns of what is not in there for which it does not warn in there (DEP0169).
 * @param {string} face
 * @param {string} target */
function install(face, target) {
  cpSync(face, target, { recursive: true, filter: (name) => !/[\\/](src|test|node_modules)$/.test(name) });
}

/** @param {string} folder
 * @param {string} place */
function link(folder, place) {
  symlinkSync(folder, place, "dir");
}

/** What each program of the story printed; no program is left, whatever happens.
 * @param {Story} story
 * @param {string} serverProject
 * @param {string} clientProject */
async function playStory(story, serverProject, clientProject) {
  /** @type {RunningProgram[]} */
  const running = [];
  /** @param {string} project
   * @returns {Start} */
  const startIn =
    (project) =>
    (file, ...args) => {
      const program = new RunningProgram(project, file, args);
      running.push(program);
      return program;
    };
  try {
    const server = startIn(serverProject)(story.server);
    const listening = await server.saw(/^listening on \d+$/);
    const url = `ws://127.0.0.1:${listening.split(" ").at(-1)}`;
    const clients = await story.play({ server, url, client: startIn(clientProject) });
    for (const program of [...Object.values(clients), server]) await program.end();
    const linesOf = Object.entries(clients).map(([name, program]) => [name, program.lines]);
    return Object.fromEntries([["server", server.lines.slice(1)], ...linesOf]);
  } catch (error) {
    throw new Error(`the story broke off, after\n${running.map(String).join("\n")}`, { cause: error });
  } finally {
    for (const program of running) program.kill();
  }
}

/** @param {Side} side */
function called(side) {
  return side === "ours" ? "our face" : "the original";
}
