import type { RangeFormat } from '../range-format.ts';
import { RangeCollector } from './range-collector.ts';

/**
 * `https://www.cloudflare.com/ips-v4` and `ips-v6`: a block on each line and nothing else. Nothing in it says whose they are, so only the
 * user can.
 */
export const cloudflareRangesFormat: RangeFormat = {
  id: 'cloudflare-ranges',
  title: 'Address ranges of Cloudflare: ips-v4, ips-v6; never detected, name it',
  detect: () => 0,
  read({ text }) {
    const collector = new RangeCollector();
    for (const [index, line] of text.split('\n').entries()) {
      if (line.trim() === '') continue;
      if (line.startsWith('#')) collector.skipHeader();
      else collector.add(line, index + 1, { provider: 'cloudflare', service: '', region: '' });
    }
    return collector.reading(null);
  },
};
