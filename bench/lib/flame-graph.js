// Draws a CPU profile as an SVG that needs nothing else: a box for each function in each stack, as wide as its share of the time,
// callers above what they call. Boxes have tooltips, where the SVG is opened by itself and not as an image in a page.
import { callTree } from "./cpu-profile.js";

/** Frames below this share of the time are left out, with all that they call. */
const LEAST_SHARE = 0.002;

const WIDTH = 1200;
const MARGIN = 10;
const ROW = 17;
const FONT_SIZE = 11;
/** Of the usual monospaced fonts none is wider. */
const CHARACTER_WIDTH = 0.61 * FONT_SIZE;
const LEAST_CHARACTERS = 3;

const NODE_COLOR = "#d0d0d0";
const OWN_COLOR = "#8fd6bb";

/** @param profile the parsed text of a .cpuprofile
 * @param title one line; `notes`: lines below it; `ownCode`: what to call the code that is not Node's; `pathOf(url)`: what to call
 * a file (its last part stands in the box, all of it in the tooltip)
 * @returns the SVG's text */
export function drawFlameGraph(profile, { title, notes = [], ownCode = "own code", pathOf = (url) => url }) {
  const tree = callTree(profile);
  const { boxes, leftOutUs } = placeFrames(tree);
  const percent = (us) => `${((us / (tree.totalUs || 1)) * 100).toFixed(1)} %`;
  const lines = [...notes, `Frames under ${LEAST_SHARE * 100} % are left out: ${percent(leftOutUs)} in all.`];
  const top = MARGIN + Math.round(ROW * (lines.length + 2.5));
  const height = top + ROW * (1 + Math.max(...boxes.map(({ depth }) => depth))) + MARGIN;
  const scale = (WIDTH - 2 * MARGIN) / (tree.totalUs || 1);
  const frames = boxes.map(({ frame, startUs, depth }) =>
    drawFrame(frame, {
      x: MARGIN + startUs * scale,
      y: top + depth * ROW,
      width: frame.totalUs * scale,
      path: pathOf(frame.url),
      shares: `${percent(frame.totalUs)}, ${percent(frame.selfUs)} in itself`,
    }),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="${FONT_SIZE}">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>g:hover > rect { stroke: black }</style>`,
    `<rect width="100%" height="100%" fill="white"/>`,
    ...drawHead(title, lines, ownCode),
    ...frames,
    "</svg>\n",
  ].join("\n");
}

/** Where the boxes are: from which µs on, and in which row. Self time is the room that the callees leave at the right. */
function placeFrames(tree) {
  const boxes = [];
  let leftOutUs = 0;
  const place = (frame, startUs, depth) => {
    if (frame.totalUs < tree.totalUs * LEAST_SHARE) {
      leftOutUs += frame.totalUs;
      return;
    }
    boxes.push({ frame, startUs, depth });
    let nextUs = startUs;
    for (const callee of frame.callees) {
      place(callee, nextUs, depth + 1);
      nextUs += callee.totalUs;
    }
  };
  place(tree, 0, 0);
  return { boxes, leftOutUs };
}

function drawHead(title, lines, ownCode) {
  const baseline = (row) => MARGIN + ROW * (row + 0.75);
  const legend = [
    [OWN_COLOR, ownCode],
    [NODE_COLOR, "Node.js and V8"],
  ];
  return [
    `<text x="${MARGIN}" y="${baseline(0)}" font-family="sans-serif" font-size="14" font-weight="bold">${escapeXml(title)}</text>`,
    ...lines.map(
      (line, i) =>
        `<text x="${MARGIN}" y="${baseline(i + 1)}" font-family="sans-serif" fill="#666666">${escapeXml(line)}</text>`,
    ),
    ...legend.map(([color, label], i) => {
      const x = MARGIN + i * 300;
      const y = baseline(lines.length + 1);
      return `<rect x="${x}" y="${y - 9}" width="11" height="11" fill="${color}"/><text x="${x + 17}" y="${y}" font-family="sans-serif">${escapeXml(label)}</text>`;
    }),
  ];
}

function drawFrame({ functionName, url }, { x, y, width, path, shares }) {
  const name = functionName || "(anonymous)";
  const file = path.slice(path.lastIndexOf("/") + 1);
  const label = cut(file ? `${name} ${file}` : name, Math.floor((width - 6) / CHARACTER_WIDTH));
  const box = `<rect x="${x.toFixed(1)}" y="${y}" width="${Math.max(width - 0.5, 0.5).toFixed(1)}" height="${ROW - 1}" fill="${isOwn(url) ? OWN_COLOR : NODE_COLOR}"/>`;
  const text = label && `<text x="${(x + 3).toFixed(1)}" y="${y + 12}">${escapeXml(label)}</text>`;
  return `<g><title>${escapeXml(`${path ? `${name} (${path})` : name}: ${shares}`)}</title>${box}${text}</g>`;
}

/** Node's modules have URLs of their own; what is built into V8, or C++, has none. */
const isOwn = (url) => url !== "" && !url.startsWith("node:");

function cut(text, length) {
  if (text.length <= length) return text;
  return length < LEAST_CHARACTERS ? "" : `${text.slice(0, length - 1)}…`;
}

/** A computed name can hold what XML may not have at all, and a cut one half a character. */
function escapeXml(text) {
  return text
    .replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, "\uFFFD")
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
