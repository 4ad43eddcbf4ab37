import type { FlowMap, MapEdge } from '../flow-map.ts';
import { coverageLines } from './coverage-lines.ts';
import { escapeXml, renderSvg } from './render-svg.ts';

/** Rows of the table; the rest is in the JSON and CSV outputs. */
const mostRows = 2000;

const style =
  'body{font-family:system-ui,sans-serif;margin:2rem;max-width:1240px;color:#212529}table{border-collapse:collapse;font-size:13px}td,th{padding:3px 10px 3px 0;text-align:left;border-bottom:1px solid #e9ecef}td.n{text-align:right;font-variant-numeric:tabular-nums}.deny{color:#c92a2a}.allow{color:#2b8a3e}.uncertain{color:#e67700}';

/** A map as one HTML page that opens without a server: picture, coverage, and the edges as a table. There is no script in it. */
export function renderHtml(map: FlowMap): string {
  const rows = map.edges.slice(0, mostRows).map(rowOf);
  const more = map.edges.length - rows.length;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><title>Exeat flow map</title>',
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">',
    `<style>${style}</style></head><body>`,
    '<h1>Flow map</h1>',
    map.noPolicy === null ? '' : `<p>Not judged: ${escapeXml(map.noPolicy)}</p>`,
    renderSvg(map),
    '<h2>Coverage</h2>',
    `<ul>${coverageLines(map.coverage)
      .map((line) => `<li>${escapeXml(line)}</li>`)
      .join('')}</ul>`,
    '<h2>Edges</h2>',
    '<table><thead><tr><th>service</th><th>destination</th><th>port</th><th>name</th><th>connections</th><th>bytes up</th><th>bytes down</th><th>days</th><th>last seen</th><th>policy</th></tr></thead><tbody>',
    ...rows,
    '</tbody></table>',
    more > 0 ? `<p>And ${more} more, see the CSV output.</p>` : '',
    '</body></html>\n',
  ].join('\n');
}

function rowOf({ edge, judgement }: MapEdge): string {
  const verdict = judgement?.verdict ?? 'not-judged';
  const cells = [
    cell(edge.principal),
    cell(edge.destination),
    number(edge.port < 0 ? '-' : String(edge.port)),
    cell(edge.rank === 'provider' ? `${edge.rank}: ${edge.provider}` : edge.rank),
    number(String(edge.connections)),
    number(edge.bytesUp === null ? '-' : String(edge.bytesUp)),
    number(edge.bytesDown === null ? '-' : String(edge.bytesDown)),
    number(String(edge.days)),
    cell(new Date(edge.lastMs).toISOString().slice(0, 16)),
    `<td class="${verdict}">${verdict}</td>`,
  ];
  return `<tr>${cells.join('')}</tr>`;
}

function cell(text: string): string {
  return `<td>${escapeXml(text)}</td>`;
}

function number(text: string): string {
  return `<td class="n">${escapeXml(text)}</td>`;
}
