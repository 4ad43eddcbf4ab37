import { type ConfigNode, childOf, configItemsAt, configTextAt } from '../config/config-node.ts';
import type { RangeFormat } from '../range-format.ts';
import { addList, readRangeJson } from './range-collector.ts';

/**
 * `ServiceTags_Public_20261123.json` of Azure, and what `az network list-service-tags` prints: tags lie in each other (`AzureCloud`,
 * `Storage`, `Storage.WestEurope`). The day is told by the file's name only.
 * https://learn.microsoft.com/azure/virtual-network/service-tags-overview
 */
export const azureRangesFormat: RangeFormat = {
  id: 'azure-ranges',
  title: 'Address ranges of Azure: ServiceTags_Public_….json, az network list-service-tags',
  detect({ text }) {
    return /^\s*\{/.test(text) && /"changeNumber"\s*:/.test(text) && /"addressPrefixes"\s*:/.test(text) ? 1 : 0;
  },
  read(document) {
    return readRangeJson(document, (root, collector) => {
      for (const tag of configItemsAt(root, 'values')) {
        const owner = { provider: 'azure', ...serviceOf(tag) };
        addList(collector, childOf(tag, 'properties'), ['addressPrefixes'], owner);
      }
      return dayOfPath(document.path);
    });
  },
};

/** The tag without its region, as people write it in rules: `Storage.WestEurope` of `westeurope` is `Storage`. */
function serviceOf(tag: ConfigNode): { readonly service: string; readonly region: string } {
  const name = configTextAt(tag, 'name');
  const region = configTextAt(tag, 'properties', 'region');
  const isLast = region !== '' && name.toLowerCase().endsWith(`.${region.toLowerCase()}`);
  return { service: isLast ? name.slice(0, -1 - region.length) : name, region };
}

function dayOfPath(path: string): number | null {
  const [, year, month, day] = /_(20\d\d)(\d\d)(\d\d)\.json(?:\.\w+)?$/.exec(path) ?? [];
  const dayMs = Date.UTC(Number(year), Number(month) - 1, Number(day));
  return Number.isNaN(dayMs) ? null : dayMs;
}
