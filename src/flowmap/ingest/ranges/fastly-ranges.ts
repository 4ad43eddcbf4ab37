import type { RangeFormat } from '../range-format.ts';
import { addList, readRangeJson } from './range-collector.ts';

/** `https://api.fastly.com/public-ip-list`. https://www.fastly.com/documentation/reference/api/utils/public-ip-list/ */
export const fastlyRangesFormat: RangeFormat = {
  id: 'fastly-ranges',
  title: 'Address ranges of Fastly: public-ip-list',
  detect({ text }) {
    return /^\s*\{/.test(text) && /"addresses"\s*:\s*\[/.test(text) && /"ipv6_addresses"\s*:\s*\[/.test(text) ? 1 : 0;
  },
  read(document) {
    return readRangeJson(document, (root, collector) => {
      for (const key of ['addresses', 'ipv6_addresses']) {
        addList(collector, root, [key], { provider: 'fastly', service: '', region: '' });
      }
      return null;
    });
  },
};
