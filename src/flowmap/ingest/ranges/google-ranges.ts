import { childOf, configItemsAt, configTextAt } from '../config/config-node.ts';
import type { RangeFormat } from '../range-format.ts';
import { instantOf, readRangeJson } from './range-collector.ts';

/**
 * `goog.json` (everything of Google) and `cloud.json` (what its customers rent, by region).
 * https://support.google.com/a/answer/10026322
 */
export const googleRangesFormat: RangeFormat = {
  id: 'google-ranges',
  title: 'Address ranges of Google: goog.json, cloud.json',
  detect({ text }) {
    return /^\s*\{/.test(text) && /"prefixes"\s*:/.test(text) && /"ipv[46]Prefix"\s*:/.test(text) ? 1 : 0;
  },
  read(document) {
    return readRangeJson(document, (root, collector) => {
      for (const entry of configItemsAt(root, 'prefixes')) {
        const prefix = childOf(entry, 'ipv4Prefix') ?? childOf(entry, 'ipv6Prefix') ?? entry;
        // `Google Cloud`: the provider stands before it already.
        const service = configTextAt(entry, 'service').replace(/^Google\s+/, '');
        collector.addNode(prefix, { provider: 'google', service, region: configTextAt(entry, 'scope') });
      }
      return instantOf(configTextAt(root, 'syncToken'), 1);
    });
  },
};
