import { type ConfigNode, childOf, configItemsAt, configTextAt, configTextsAt } from '../config/config-node.ts';
import { parseIsoTime, utcZone } from '../parse-time.ts';
import type { RangeFormat } from '../range-format.ts';
import { readRangeJson } from './range-collector.ts';

/**
 * `public_ip_ranges.json` of Oracle Cloud: blocks by region, each with the tags of what runs there.
 * https://docs.oracle.com/iaas/Content/General/Concepts/addressranges.htm
 */
export const oracleRangesFormat: RangeFormat = {
  id: 'oracle-ranges',
  title: 'Address ranges of Oracle Cloud: public_ip_ranges.json',
  detect({ text }) {
    const isTable = /"last_updated_timestamp"\s*:/.test(text) && /"cidrs"\s*:\s*\[/.test(text);
    return /^\s*\{/.test(text) && isTable ? 1 : 0;
  },
  read(document) {
    return readRangeJson(document, (root, collector) => {
      for (const place of configItemsAt(root, 'regions')) {
        const region = configTextAt(place, 'region');
        for (const entry of configItemsAt(place, 'cidrs')) {
          for (const service of tagsOf(entry)) {
            collector.addNode(childOf(entry, 'cidr') ?? entry, { provider: 'oracle', service, region });
          }
        }
      }
      const publishedMs = parseIsoTime(configTextAt(root, 'last_updated_timestamp'), utcZone);
      return Number.isNaN(publishedMs) ? null : publishedMs;
    });
  },
};

function tagsOf(entry: ConfigNode): readonly string[] {
  const tags = configTextsAt(entry, 'tags').map(({ text }) => text);
  return tags.length === 0 ? [''] : tags;
}
