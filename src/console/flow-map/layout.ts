import type { FlowLink, FlowMapQuery, FlowNode, FlowSum, UnusedRule } from '../../api/contract/index.ts';
import { isChanged, linkKey, type Mark, markOf } from './marks.ts';

/** What is laid out. */
export interface RiverParts {
  readonly nodes: readonly FlowNode[];
  readonly links: readonly FlowLink[];
  readonly unused: readonly Pick<UnusedRule, 'source' | 'target'>[];
}

/** A node in its place. `x`, `y`: the upper left corner of its bar; `middle`: where its name stands. Pixels. */
export interface PlacedNode {
  readonly node: FlowNode;
  readonly x: number;
  readonly y: number;
  readonly height: number;
  readonly middle: number;
}

/** A link in its place: the middle line as SVG path data, and how thick it is. */
export interface PlacedLink {
  readonly key: string;
  readonly link: FlowLink;
  readonly line: string;
  readonly thickness: number;
}

/** What leads from a node to another and was not used: how many entries, and the line. */
export interface PlacedGhost {
  readonly key: string;
  readonly source: string;
  readonly target: string;
  readonly count: number;
  readonly line: string;
}

/** The whole picture in its places. Pixels. */
export interface RiverLayout {
  readonly width: number;
  readonly height: number;
  /** The left edges of the four columns of bars. */
  readonly columns: readonly number[];
  readonly nodes: readonly PlacedNode[];
  readonly links: readonly PlacedLink[];
  readonly ghosts: readonly PlacedGhost[];
}

/** How wide a bar is. */
export const barWidth = 10;
/** The narrowest picture in which names do not run into each other. */
const leastWidth = 660;

const headHeight = 34;
const footHeight = 12;
// All that flows through one column comes to so much.
const flowHeight = 360;
const leastBar = 3;
// A line of text with air around it: no two names touch.
const leastSlot = 19;
const slotGap = 5;
// Beside the outer columns stand their names, as long as they are; about so wide is a letter.
const letterWidth = 6.7;
const leftRoom = { least: 70, most: 174 };
const rightRoom = { least: 100, most: 244 };

/**
 * Lays a river out in four columns. Nodes keep the order that they come in, which is that of their weight; widths are proportional to the
 * measure, over the whole picture; nothing overlaps. Equal parts give an equal picture, whatever the order of links.
 */
export function layOutRiver(parts: RiverParts, measure: FlowMapQuery['measure'], width: number): RiverLayout {
  const wide = Math.max(leastWidth, width);
  const leftMargin = roomFor(parts.nodes, 0, leftRoom);
  const step = (wide - leftMargin - roomFor(parts.nodes, 3, rightRoom) - barWidth) / 3;
  const columns = [0, 1, 2, 3].map((layer) => Math.round(leftMargin + layer * step));
  const total = Math.max(0, ...[0, 1, 2, 3].map((layer) => columnWeight(parts.nodes, layer, measure)));
  const scale = total === 0 ? 0 : flowHeight / total;
  const nodes = columns.flatMap((x, layer) => placeColumn(parts.nodes, { layer, x, measure, scale }));
  const at = new Map(nodes.map((placed) => [placed.node.id, placed]));
  const low = Math.max(
    headHeight,
    ...nodes.map(({ middle, y, height }) => Math.max(middle + leastSlot / 2, y + height)),
  );
  return {
    width: wide,
    height: Math.ceil(low + footHeight),
    columns,
    nodes,
    links: placeLinks(parts.links, at, { measure, scale }),
    ghosts: placeGhosts(parts.unused, at),
  };
}

function roomFor(nodes: readonly FlowNode[], layer: number, room: typeof leftRoom): number {
  const longest = nodes.reduce((most, node) => (node.layer === layer ? Math.max(most, node.label.length) : most), 0);
  return Math.min(room.most, Math.max(room.least, Math.ceil(longest * letterWidth) + 22));
}

function weightOf({ connections, bytesUp, bytesDown }: FlowSum, measure: FlowMapQuery['measure']): number {
  return measure === 'bytes' ? bytesUp + bytesDown : connections;
}

function columnWeight(nodes: readonly FlowNode[], layer: number, measure: FlowMapQuery['measure']): number {
  return nodes.reduce((sum, node) => sum + (node.layer === layer ? weightOf(node, measure) : 0), 0);
}

interface Column {
  readonly layer: number;
  readonly x: number;
  readonly measure: FlowMapQuery['measure'];
  readonly scale: number;
}

function placeColumn(nodes: readonly FlowNode[], { layer, x, measure, scale }: Column): readonly PlacedNode[] {
  let top = headHeight;
  return nodes
    .filter((node) => node.layer === layer)
    .map((node) => {
      const height = Math.max(leastBar, weightOf(node, measure) * scale);
      const slot = Math.max(leastSlot, height);
      const placed = { node, x, y: top + (slot - height) / 2, height, middle: top + slot / 2 };
      top += slot + slotGap;
      return placed;
    });
}

const markOrder: readonly Mark[] = [
  ...(['allow', 'exception', 'would-deny', 'deny'] as const),
  ...(['still_allowed', 'newly_allowed', 'newly_denied', 'still_denied', 'not_judged'] as const),
];
// What a draft changes is seen, however little it is.
const leastChanged = 3;

interface Scaled {
  readonly measure: FlowMapQuery['measure'];
  readonly scale: number;
}

function placeLinks(
  links: readonly FlowLink[],
  at: ReadonlyMap<string, PlacedNode>,
  { measure, scale }: Scaled,
): readonly PlacedLink[] {
  const known = links.flatMap((link) => {
    const [source, target] = [at.get(link.source), at.get(link.target)];
    if (source === undefined || target === undefined) return [];
    return [{ link, source, target, size: weightOf(link, measure) * scale }];
  });
  // Each end takes its links in the order in which the other ends stand, so that they cross as little as they can.
  const leaves = stack(
    known,
    (one) => one.source,
    (one) => one.target,
  );
  const arrives = stack(
    known,
    (one) => one.target,
    (one) => one.source,
  );
  return (
    known
      .toSorted(
        byPlace(
          (one) => one.source,
          (one) => one.target,
        ),
      )
      .map((one) => {
        const { source, target } = one.link;
        const thickness = Math.max(isChanged(one.link) ? leastChanged : 1, one.size);
        const line = curve(
          one.source.x + barWidth,
          leaves.get(one.link) ?? 0,
          one.target.x,
          arrives.get(one.link) ?? 0,
        );
        return { key: linkKey(source, target, one.link), link: one.link, line, thickness };
      })
      // What is drawn last lies above the others.
      .sort((one, other) => Number(isChanged(one.link)) - Number(isChanged(other.link)))
  );
}

interface Known {
  readonly link: FlowLink;
  readonly source: PlacedNode;
  readonly target: PlacedNode;
  readonly size: number;
}

type End = (known: Known) => PlacedNode;

function byPlace(near: End, far: End): (one: Known, other: Known) => number {
  return (one, other) =>
    near(one).x - near(other).x ||
    near(one).middle - near(other).middle ||
    far(one).middle - far(other).middle ||
    markOrder.indexOf(markOf(one.link)) - markOrder.indexOf(markOf(other.link));
}

/** Where each link meets its end: one below the other, from the top of the bar. */
function stack(known: readonly Known[], near: End, far: End): ReadonlyMap<FlowLink, number> {
  const used = new Map<PlacedNode, number>();
  const places = new Map<FlowLink, number>();
  for (const one of known.toSorted(byPlace(near, far))) {
    const end = near(one);
    const before = used.get(end) ?? end.y;
    places.set(one.link, before + Math.min(one.size, end.height) / 2);
    used.set(end, before + one.size);
  }
  return places;
}

function placeGhosts(unused: RiverParts['unused'], at: ReadonlyMap<string, PlacedNode>): readonly PlacedGhost[] {
  const counts = new Map<string, { readonly source: PlacedNode; readonly target: PlacedNode; count: number }>();
  for (const { source, target } of unused) {
    const [from, to] = [at.get(source), at.get(target)];
    if (from === undefined || to === undefined) continue;
    const key = `${source}\n${target}`;
    const ghost = counts.get(key) ?? { source: from, target: to, count: 0 };
    ghost.count += 1;
    counts.set(key, ghost);
  }
  return [...counts].map(([key, { source, target, count }]) => ({
    key,
    source: source.node.id,
    target: target.node.id,
    count,
    line: curve(source.x + barWidth, source.middle, target.x, target.middle),
  }));
}

function curve(x0: number, y0: number, x1: number, y1: number): string {
  const half = round((x0 + x1) / 2);
  return `M${round(x0)} ${round(y0)}C${half} ${round(y0)} ${half} ${round(y1)} ${round(x1)} ${round(y1)}`;
}

function round(pixels: number): number {
  return Math.round(pixels * 100) / 100;
}
