import { type SankeyNode, sankey, sankeyLinkHorizontal } from 'd3-sankey';
import type { FlowMap } from '../flow-map.ts';
import {
  createPictureModel,
  othersLabel,
  type PictureLink,
  type PictureModel,
  type PictureVerdict,
} from './picture-model.ts';

const width = 1200;
const labelWidth = 260;
const nodeWidth = 14;
const rowHeight = 22;

interface PictureNode {
  readonly id: string;
  readonly label: string;
  readonly side: 'principal' | 'domain';
}

interface Ribbon {
  readonly source: string;
  readonly target: string;
  readonly value: number;
  readonly link: PictureLink;
}

/**
 * A map as one SVG that opens anywhere: principals left, destinations right, width by bytes (by connections where no log has bytes),
 * colour by what the present policy says. Every text is escaped; there is no script in it.
 */
export function renderSvg(map: FlowMap): string {
  const model = createPictureModel(map);
  if (model.links.length === 0) return emptyPicture();
  const rows = Math.max(countOf(model, 'principal'), countOf(model, 'domain'));
  const height = Math.max(200, rows * rowHeight + 80);
  const graph = layout(model, height);
  const ribbons = graph.links.map((link) => ribbonOf(link.link, path(link) ?? '', link.width ?? 1));
  const nodes = graph.nodes.map((node) => nodeOf(node));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="flow map" font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    legend(model, height),
    `<g fill="none">${ribbons.join('')}</g>`,
    `<g>${nodes.join('')}</g>`,
    '</svg>\n',
  ].join('\n');
}

const path = sankeyLinkHorizontal<PictureNode, Ribbon>();

function countOf({ links }: PictureModel, side: 'principal' | 'domain'): number {
  return new Set(links.map((link) => link[side])).size;
}

function layout(model: PictureModel, height: number): ReturnType<ReturnType<typeof createSankey>> {
  const nodes: PictureNode[] = [];
  for (const side of ['principal', 'domain'] as const) {
    for (const label of new Set(model.links.map((link) => link[side])))
      nodes.push({ id: `${side}:${label}`, label, side });
  }
  const links = model.links.map(
    (link): Ribbon => ({
      source: `principal:${link.principal}`,
      target: `domain:${link.domain}`,
      value: weightOf(model, link),
      link,
    }),
  );
  return createSankey(height)({ nodes, links });
}

// A ribbon that is a thousandth of the largest is still there to be seen.
function weightOf({ hasBytes, links }: PictureModel, link: PictureLink): number {
  const weight = (one: PictureLink): number => (hasBytes ? one.bytes : one.connections);
  return Math.max(weight(link), Math.max(...links.map(weight)) / 1000, 1);
}

function createSankey(height: number): ReturnType<typeof sankey<PictureNode, Ribbon>> {
  return sankey<PictureNode, Ribbon>()
    .nodeId((node) => node.id)
    .nodeWidth(nodeWidth)
    .nodePadding(16)
    .extent([
      [labelWidth, 50],
      [width - labelWidth, height - 20],
    ]);
}

const colours: Readonly<Record<PictureVerdict, string>> = {
  allow: '#2f9e44',
  uncertain: '#f08c00',
  deny: '#e03131',
  'not-judged': '#868e96',
};

const meanings: Readonly<Record<PictureVerdict, string>> = {
  allow: 'allowed by the policy',
  uncertain: 'allowed under one of its possible names',
  deny: 'not allowed by the policy',
  'not-judged': 'not judged',
};

function ribbonOf(link: PictureLink, shape: string, thickness: number): string {
  const title = `${link.principal} → ${link.domain}: ${link.connections} connections, ${link.bytes} bytes, ${link.edges} edges, ${meanings[link.verdict]}`;
  return `<path d="${shape}" stroke="${colours[link.verdict]}" stroke-opacity="0.45" stroke-width="${Math.max(1, thickness).toFixed(1)}"><title>${escapeXml(title)}</title></path>`;
}

function nodeOf(node: SankeyNode<PictureNode, Ribbon>): string {
  const { x0 = 0, x1 = 0, y0 = 0, y1 = 0, side, label } = node;
  const isLeft = side === 'principal';
  const x = isLeft ? x0 - 6 : x1 + 6;
  const fill = label === othersLabel ? '#adb5bd' : '#343a40';
  const shown = label.length > 38 ? `${label.slice(0, 37)}…` : label;
  return [
    `<rect x="${x0.toFixed(1)}" y="${y0.toFixed(1)}" width="${nodeWidth}" height="${Math.max(1, y1 - y0).toFixed(1)}" fill="${fill}"/>`,
    `<text x="${x.toFixed(1)}" y="${((y0 + y1) / 2).toFixed(1)}" dy="0.35em" text-anchor="${isLeft ? 'end' : 'start'}">${escapeXml(shown)}<title>${escapeXml(label)}</title></text>`,
  ].join('');
}

function legend(model: PictureModel, height: number): string {
  const used = new Set(model.links.map(({ verdict }) => verdict));
  const keys = (Object.keys(colours) as PictureVerdict[]).filter((verdict) => used.has(verdict));
  const items = keys.map(
    (verdict, index) =>
      `<rect x="${20 + index * 280}" y="14" width="12" height="12" fill="${colours[verdict]}"/><text x="${38 + index * 280}" y="24">${meanings[verdict]}</text>`,
  );
  const folded = [
    ...(model.foldedPrincipals > 0 ? [`${model.foldedPrincipals} more services`] : []),
    ...(model.foldedDomains > 0 ? [`${model.foldedDomains} more destinations`] : []),
  ];
  const width = model.hasBytes ? 'width: bytes' : 'width: connections';
  const foot = [width, ...(folded.length === 0 ? [] : [`folded into "others": ${folded.join(', ')}`])].join('; ');
  return `${items.join('')}<text x="20" y="${height - 6}" fill="#868e96">${escapeXml(foot)}</text>`;
}

function emptyPicture(): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} 80" font-family="system-ui, sans-serif"><text x="20" y="45">no flows in this window</text></svg>\n`;
}

/** Makes text from logs safe in SVG and HTML, attributes included. */
export function escapeXml(text: string): string {
  return replaceUnseen(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Puts a replacement sign for what XML forbids (controls) and what makes a text look like another one (marks of direction). */
export function replaceUnseen(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, '\uFFFD');
}
