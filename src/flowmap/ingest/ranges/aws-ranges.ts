import { childOf, configItemsAt, configTextAt } from '../config/config-node.ts';
import type { RangeFormat } from '../range-format.ts';
import { instantOf, readRangeJson } from './range-collector.ts';

/**
 * `ip-ranges.json` of AWS: a block stands once for each service that it is part of, and `AMAZON` holds them all.
 * https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html
 */
export const awsRangesFormat: RangeFormat = {
  id: 'aws-ranges',
  title: 'Address ranges of AWS: ip-ranges.json',
  detect({ text }) {
    return /^\s*\{/.test(text) && /"syncToken"\s*:/.test(text) && /"ip(?:v6)?_prefix"\s*:/.test(text) ? 1 : 0;
  },
  read(document) {
    return readRangeJson(document, (root, collector) => {
      for (const [list, key] of lists) {
        for (const entry of configItemsAt(root, list)) {
          const [service, region] = [configTextAt(entry, 'service'), configTextAt(entry, 'region')];
          collector.addNode(childOf(entry, key) ?? entry, { provider: 'aws', service, region });
        }
      }
      return instantOf(configTextAt(root, 'syncToken'), 1000);
    });
  },
};

const lists = [
  ['prefixes', 'ip_prefix'],
  ['ipv6_prefixes', 'ipv6_prefix'],
] as const;
