import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { callTree } from "../lib/cpu-profile.js";
import { drawFlameGraph } from "../lib/flame-graph.js";

/** A profile of stacks, as text: "main a.js > work b.js" → µs. Each stack gets nodes of its own below the root, as V8 would give them
 * to scripts that are loaded twice. */
function profileOf(stacks) {
  const nodes = [{ id: 1, callFrame: { functionName: "(root)", url: "" }, children: [] }];
  const samples = [];
  const timeDeltas = [];
  for (const [stack, us] of Object.entries(stacks)) {
    let caller = nodes[0];
    for (const frame of stack.split(" > ")) {
      const [functionName, url = ""] = frame.split(" ");
      const node = { id: nodes.length + 1, callFrame: { functionName, url }, children: [] };
      nodes.push(node);
      caller.children.push(node.id);
      caller = node;
    }
    samples.push(caller.id);
    timeDeltas.push(us);
  }
  return { nodes, samples, timeDeltas };
}

/** Each frame on a line, indented by its depth: name, all time, time in itself. */
function outline({ functionName, url, totalUs, selfUs, callees }, indent = "") {
  const line = `${indent}${functionName} ${url} ${totalUs} ${selfUs}`.replace("  ", " ");
  return [line, ...callees.flatMap((callee) => outline(callee, `${indent}- `))];
}

const tooltipsOf = (svg) => [...svg.matchAll(/<g><title>(.*?)<\/title>/g)].map(([, title]) => title);

/** The boxes of frames; the background and the legend are in no group. */
function boxesOf(svg) {
  const boxes = svg.matchAll(
    /<rect x="(.*?)" y="(.*?)" width="(.*?)" height=".*?" fill="(.*?)"\/>(?=<text.*<\/g>|<\/g>)/g,
  );
  return [...boxes].map(([, x, y, width, color]) => ({ x: Number(x), y: Number(y), width: Number(width), color }));
}

const draw = (stacks, options) => drawFlameGraph(profileOf(stacks), { title: "test", ...options });

describe("callTree", () => {
  test("merges siblings of one function and url, and what they call, and puts the longest first", () => {
    const profile = profileOf({
      "main a.js > quick a.js": 10,
      "main a.js > work b.js > write": 20,
      "main a.js > work b.js": 5,
      "main a.js > work b.js > write ": 30,
      "main c.js": 1,
    });
    assert.deepEqual(outline(callTree(profile)), [
      "(root) 66 0",
      "- main a.js 65 0",
      "- - work b.js 55 5",
      "- - - write 50 50",
      "- - quick a.js 10 10",
      "- main c.js 1 1",
    ]);
  });

  test("adds up all samples of a node", () => {
    const profile = profileOf({ "main a.js": 10 });
    profile.samples.push(2, 1, 2);
    profile.timeDeltas.push(1, 2, 4);
    assert.deepEqual(outline(callTree(profile)), ["(root) 17 2", "- main a.js 15 15"]);
  });

  test("keeps recursion as a stack", () => {
    const profile = profileOf({ "walk a.js": 1, "walk a.js > walk a.js": 2, "walk a.js > walk a.js > walk a.js": 4 });
    assert.deepEqual(outline(callTree(profile)), [
      "(root) 7 0",
      "- walk a.js 7 1",
      "- - walk a.js 6 2",
      "- - - walk a.js 4 4",
    ]);
  });

  test("counts no idle time", () => {
    assert.deepEqual(outline(callTree(profileOf({ "main a.js": 3, "(idle)": 97 }))), ["(root) 3 0", "- main a.js 3 3"]);
  });
});

describe("drawFlameGraph", () => {
  test("puts callers above callees, side by side, each as wide as its share of 1180", () => {
    const boxes = boxesOf(draw({ "main a.js": 250, "main a.js > work b.js": 500, "other a.js": 250 }));
    const [root, main, work, other] = boxes;
    assert.equal(boxes.length, 4);
    assert.deepEqual([root.x, main.x, work.x, other.x], [10, 10, 10, 895]);
    assert.deepEqual([root.width, main.width, work.width, other.width], [1179.5, 884.5, 589.5, 294.5]);
    assert.ok(root.y < main.y && main.y < work.y);
    assert.equal(main.y, other.y);
  });

  test("says in the tooltip which file, which share, and how much of it in itself", () => {
    const svg = draw(
      { "main file:///p/a.js": 250, "main file:///p/a.js > work ": 750 },
      { pathOf: (url) => url.slice(8) },
    );
    assert.deepEqual(tooltipsOf(svg), [
      "(root): 100.0 %, 0.0 % in itself",
      "main (p/a.js): 100.0 %, 25.0 % in itself",
      "work: 75.0 %, 75.0 % in itself",
    ]);
    assert.match(svg, />main a\.js<\/text>/);
  });

  test("leaves out frames under 0.2 % with what they call, and says how much that is", () => {
    const svg = draw({ "main a.js": 9_955, "main a.js > in a.js": 20, "out a.js > deep a.js": 19, "out b.js": 6 });
    assert.deepEqual(
      tooltipsOf(svg).map((title) => title.split(":")[0]),
      ["(root)", "main (a.js)", "in (a.js)"],
    );
    assert.match(svg, />Frames under 0\.2 % are left out: 0\.3 % in all\.</);
  });

  test("has one colour for files and WebAssembly, another for Node, V8 and C++", () => {
    const svg = draw({ "a file:///a.js": 1, "b wasm://wasm/b": 1, "c node:net": 1, "d ": 1, "(program)": 1 });
    const [root, a, b, c, d, program] = boxesOf(svg).map(({ color }) => color);
    assert.equal(b, a);
    assert.notEqual(root, a);
    assert.deepEqual([c, d, program], [root, root, root]);
    for (const color of [a, c]) assert.match(svg, new RegExp(`width="11" height="11" fill="${color}"`));
  });

  test("escapes names, title and notes, and replaces what XML may not have", () => {
    const svg = draw({ '<a>&"\u0001\ud800 x&y.js': 1 }, { title: "1 < 2", notes: ["3 > 2"], ownCode: "R&D" });
    assert.equal(tooltipsOf(svg)[1], "&#60;a&#62;&#38;&#34;\ufffd\ufffd (x&#38;y.js): 100.0 %, 100.0 % in itself");
    assert.ok(svg.includes("<title>1 &#60; 2</title>"));
    for (const text of ["1 &#60; 2", "3 &#62; 2", "R&#38;D"]) assert.ok(svg.includes(`>${text}</text>`), text);
    assert.doesNotMatch(svg, /&(?!#\d+;)/);
  });

  test("calls a function without a name anonymous", () => {
    assert.equal(tooltipsOf(draw({ " a.js": 1 }))[1], "(anonymous) (a.js): 100.0 %, 100.0 % in itself");
  });

  test("cuts labels to the width of their box, and leaves out those of which too little is left", () => {
    const long = "n".repeat(300);
    const svg = draw({ "wide a.js": 870, [long]: 100, narrow: 10, "another b.js": 20 });
    const labels = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text><\/g>/g)].map(([, label]) => label);
    assert.deepEqual(labels, ["(root)", "wide a.js", `${"n".repeat(15)}…`]);
  });

  test("is as high as its deepest stack needs", () => {
    const heightOf = (svg) => Number(/<svg [^>]* height="(.*?)"/.exec(svg)[1]);
    const low = draw({ "a a.js": 1 });
    const high = draw({ "a a.js": 1, "b a.js > c a.js > d a.js": 1 });
    assert.equal(heightOf(high) - heightOf(low), 34);
    assert.ok(Math.max(...boxesOf(high).map(({ y }) => y)) + 16 < heightOf(high));
  });
});
