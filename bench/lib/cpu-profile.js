// What a .cpuprofile says, the format of V8's profiler: nodes, which form a tree of calls, and samples, each the id of the node
// that ran with the time since the sample before it.

/** Self time in µs by the id of the node; nodes that no sample met are not in it. */
export function selfTimes({ samples, timeDeltas }) {
  const selfUs = new Map();
  for (const [i, id] of samples.entries()) selfUs.set(id, (selfUs.get(id) ?? 0) + timeDeltas[i]);
  return selfUs;
}

/** V8's name for having nothing to do. */
export const IDLE = "(idle)";

/** The calls as one tree, in which what a frame called is there once for each function and url, however often the profile has it
 * (V8 tells scripts and lines apart). Idle time is not in it.
 * @returns the root: `functionName`, `url`, `selfUs`, `totalUs` (with all that it called), and `callees`, the longest first */
export function callTree(profile) {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const selfUs = selfTimes(profile);
  const mergeNodes = (same) => {
    const { functionName, url } = same[0].callFrame;
    const own = sum(same.map(({ id }) => selfUs.get(id) ?? 0));
    const called = same.flatMap(({ children = [] }) => children.map((id) => nodes.get(id)));
    const callees = groupByFunction(called.filter(({ callFrame }) => callFrame.functionName !== IDLE))
      .map(mergeNodes)
      .sort((a, b) => b.totalUs - a.totalUs);
    return { functionName, url, selfUs: own, totalUs: own + sum(callees.map(({ totalUs }) => totalUs)), callees };
  };
  return mergeNodes([profile.nodes[0]]);
}

function groupByFunction(nodes) {
  const groups = new Map();
  for (const node of nodes) {
    const { functionName, url } = node.callFrame;
    const key = `${functionName}\n${url}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(node);
  }
  return [...groups.values()];
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
