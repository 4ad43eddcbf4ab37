import { barWidth, type PlacedNode, type RiverLayout } from './layout.ts';
import { type Mark, markOf, outcomeNames } from './marks.ts';
import { shorten, verdictNames } from './names.ts';

/** Colours of the picture that is saved: on white, as it will be printed or put into a document. */
const strokes: Readonly<Record<Mark, { readonly colour: string; readonly dash: string; readonly opacity: number }>> = {
  allow: { colour: '#2f8f5b', dash: '', opacity: 0.4 },
  exception: { colour: '#2f76b8', dash: '', opacity: 0.4 },
  'would-deny': { colour: '#c08a1e', dash: '7 3', opacity: 0.4 },
  deny: { colour: '#c2403a', dash: '7 3', opacity: 0.4 },
  newly_denied: { colour: '#c2403a', dash: '12 4', opacity: 0.85 },
  newly_allowed: { colour: '#2f76b8', dash: '3 3', opacity: 0.85 },
  still_allowed: { colour: '#2f8f5b', dash: '', opacity: 0.25 },
  still_denied: { colour: '#6b7683', dash: '4 8', opacity: 0.5 },
  not_judged: { colour: '#8a6fb0', dash: '10 3 2 3', opacity: 0.4 },
};

/** What the picture says beside its nodes. */
export interface PictureWords {
  readonly title: string;
  readonly columns: readonly string[];
  /** What a draft would change, where one is tried: then the legend is that of outcomes. */
  readonly change?: string | null;
}

const fontSizePx = 12;

/**
 * The river as an SVG file by itself. INVARIANT: what the network named is text in it: no name becomes an element or an attribute, and
 * characters that XML does not know are left out.
 */
export function toSvg(layout: RiverLayout, { title, columns, change = null }: PictureWords): string {
  const { width, height, nodes, links, ghosts } = layout;
  const names = Object.entries(change === null ? verdictNames : outcomeNames);
  const legend = names.map(([mark, { name }]) => ({ mark: mark as Mark, name }));
  const lines = links.map(({ link, line, thickness }) => drawLine(markOf(link), line, thickness));
  const unused = ghosts.map(
    ({ line }) => `<path d="${line}" stroke="#6b7683" stroke-width="1.5" stroke-dasharray="2 5"/>`,
  );
  const heads = columns.map((name, at) =>
    text(layout.columns[at] ?? 0, 16, { of: name, anchor: anchorOf(at), bold: true }),
  );
  const below = height + 18;
  const marks = legend.map(
    ({ mark, name }, at) =>
      drawLine(mark, `M${16 + at * 190} ${below - 4}h26`, 8) +
      text(16 + at * 190 + 32, below - 4, { of: name, anchor: 'start' }),
  );
  const said = change === null ? [] : [text(16, below + 18, { of: change, anchor: 'start', bold: true })];
  const wide = change === null ? width : Math.max(width, 16 + legend.length * 190);
  const high = height + (change === null ? 30 : 52);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${high}" viewBox="0 0 ${wide} ${high}">`,
    `<title>${asText(title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<g fill="none">${lines.join('')}${unused.join('')}</g>`,
    ...heads,
    ...nodes.map(drawNode),
    `<g fill="none">${marks.join('')}</g>`,
    ...said,
    '</svg>',
    '',
  ].join('\n');
}

function drawLine(mark: Mark, line: string, thickness: number): string {
  const { colour, dash, opacity } = strokes[mark];
  const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
  return `<path d="${line}" stroke="${colour}" stroke-opacity="${opacity}" stroke-width="${round(thickness)}"${dashes}/>`;
}

function drawNode({ node, x, y, height, middle }: PlacedNode): string {
  const fill = node.isUnused ? 'none' : '#3b4652';
  const bar = `<rect x="${x}" y="${round(y)}" width="${barWidth}" height="${round(height)}" fill="${fill}" stroke="#3b4652"/>`;
  return `${bar}${text(node.layer === 0 ? x - 6 : x + barWidth + 6, middle, { of: shorten(node.label, node.layer), anchor: anchorOf(node.layer) })}`;
}

function anchorOf(layer: number): 'start' | 'end' {
  return layer === 0 ? 'end' : 'start';
}

interface Text {
  readonly of: string;
  readonly anchor: 'start' | 'end';
  readonly bold?: boolean;
}

function text(x: number, y: number, { of, anchor, bold = false }: Text): string {
  const weight = bold ? ' font-weight="600"' : '';
  const look = `font-family="system-ui, sans-serif" font-size="${fontSizePx}" fill="#1a232e" text-anchor="${anchor}"${weight}`;
  return `<text x="${round(x)}" y="${round(y + 4)}" ${look}>${asText(of)}</text>`;
}

// XML 1.0 section 2.2: these can stand in no document, not even escaped.
const unknown = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function asText(words: string): string {
  return words.replace(unknown, '').replace(/[&<>"']/g, (found) => escapes[found] ?? '');
}

function round(pixels: number): number {
  return Math.round(pixels * 100) / 100;
}
