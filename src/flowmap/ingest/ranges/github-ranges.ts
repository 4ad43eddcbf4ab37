import { parseIpPrefix } from '../../../destination/index.ts';
import { type ConfigNode, configEntriesAt } from '../config/config-node.ts';
import type { RangeFormat } from '../range-format.ts';
import { addList, readRangeJson } from './range-collector.ts';

/**
 * `https://api.github.com/meta`: a list of blocks for each of its services, beside keys, domains and whatever comes next year.
 * https://docs.github.com/rest/meta
 */
export const githubRangesFormat: RangeFormat = {
  id: 'github-ranges',
  title: 'Address ranges of GitHub: what its meta API gives',
  detect({ text }) {
    return /^\s*\{/.test(text) && /"hooks"\s*:\s*\[/.test(text) && /"(?:web|git|api|pages)"\s*:\s*\[/.test(text)
      ? 1
      : 0;
  },
  read(document) {
    return readRangeJson(document, (root, collector) => {
      for (const { key, value } of configEntriesAt(root)) {
        if (holdsBlocks(value)) addList(collector, value, [], { provider: 'github', service: key, region: '' });
      }
      return null;
    });
  },
};

/** A list without a single block is a list of something else (`ssh_keys`), and no list of broken blocks. */
function holdsBlocks(node: ConfigNode): boolean {
  return node.kind === 'list' && node.items.some((item) => item.kind === 'text' && parseIpPrefix(item.text).ok);
}
