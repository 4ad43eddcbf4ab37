import { barWidth, type PlacedNode, type RiverLayout } from './layout.ts';
import { shorten, verdictNames } from './names.ts';

/** Colours of the picture that is saved: on white, as it will be printed or put into a document. */
const strokes = {
  allow: '#2f8f5b',
  exception: '#2f76b8',
  'would-deny': '#c08a1e',
  deny: '#c2403a',
} as const;

/** What the picture says beside its nodes. */
export interface PictureWords {
  readonly title: string;
  readonly columns: readonly string[];
}

const fontSizePx = 12;

/**
 * The river as an SVG file by itself. INVARIANT: what the network named is text in it: no name becomes an element or an attribute, and
 * characters that XML does not know are left out.
 */
export function toSvg(layout: RiverLayout, { title, columns }: PictureWords): string {
  const { width, height, nodes, links, ghosts } = layout;
  const legend = Object.entries(verdictNames).map(([verdict, { name }]) => ({ verdict, name }));
  const lines = links.map(({ link, line, thickness }) => {
    const dash = link.verdict === 'deny' || link.verdict === 'would-deny' ? ' stroke-dasharray="7 3"' : '';
    const stroke = `stroke="${strokes[link.verdict]}" stroke-opacity="0.4" stroke-width="${round(thickness)}"`;
    return `<path d="${line}" ${stroke}${dash}/>`;
  });
  const unused = ghosts.map(
    ({ line }) => `<path d="${line}" stroke="#6b7683" stroke-width="1.5" stroke-dasharray="2 5"/>`,
  );
  const heads = columns.map((name, at) =>
    text(layout.columns[at] ?? 0, 16, { of: name, anchor: anchorOf(at), bold: true }),
  );
  const below = height + 18;
  const marks = legend.map(
    ({ verdict, name }, at) =>
      `<rect x="${16 + at * 190}" y="${below - 9}" width="14" height="9" fill="${strokes[verdict as keyof typeof strokes]}"/>` +
      text(16 + at * 190 + 20, below - 4, { of: name, anchor: 'start' }),
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height + 30}" viewBox="0 0 ${width} ${height + 30}">`,
    `<title>${asText(title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<g fill="none">${lines.join('')}${unused.join('')}</g>`,
    ...heads,
    ...nodes.map(drawNode),
    ...marks,
    '</svg>',
    '',
  ].join('\n');
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
