import { splitCsv } from '../csv-fields.ts';
import type { RangeFormat } from '../range-format.ts';
import { RangeCollector } from './range-collector.ts';

/**
 * A table of one's own: `prefix,provider,service,region`. Its header says where the columns are; without one, which only `--format` can
 * tell, they are in this order. Service and region may be left out; other columns are passed over.
 */
export const csvRangesFormat: RangeFormat = {
  id: 'csv-ranges',
  title: 'Address ranges of your own: CSV of prefix, provider, service, region',
  detect({ text }) {
    const first = text.split('\n', mostHeadLines).find((line) => !isComment(line)) ?? '';
    return headerOf(first) === null ? 0 : 1;
  },
  read({ text }) {
    const collector = new RangeCollector();
    let columns: readonly string[] | null = null;
    for (const [index, line] of text.split('\n').entries()) {
      if (isComment(line)) {
        if (line.trim() !== '') collector.skipHeader();
        continue;
      }
      const header: readonly string[] | null = columns === null ? headerOf(line) : null;
      columns ??= header ?? usualColumns;
      if (header !== null) {
        collector.skipHeader();
        continue;
      }
      const fields = splitCsv(line.trimEnd());
      const at = (name: string): string => (fields[columns?.indexOf(name) ?? -1] ?? '').trim();
      const owner = { provider: at('provider'), service: at('service'), region: at('region') };
      collector.add(at('prefix'), index + 1, owner);
    }
    return collector.reading(null);
  },
};

const usualColumns = ['prefix', 'provider', 'service', 'region'];
/** The header stands at the top, below a few comments at most. */
const mostHeadLines = 100;

function isComment(line: string): boolean {
  return line.trim() === '' || line.startsWith('#');
}

function headerOf(line: string): readonly string[] | null {
  const names = splitCsv(line.trimEnd()).map((name) => name.trim().toLowerCase());
  return names.includes('prefix') && names.includes('provider') ? names : null;
}
