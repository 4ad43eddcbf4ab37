import { isPublicSuffix } from '../../destination/index.ts';

/**
 * Names with public suffixes below them: a wildcard on such a name covers every tenant of those. Each row names one suffix below,
 * from the private section of the Public Suffix List (https://publicsuffix.org/list/); a test asks the list for each.
 */
export const sharedTenancyParents: ReadonlyMap<string, string> = new Map([
  ['amazonaws.com', 's3.amazonaws.com'],
  ['amazonaws.com.cn', 's3.cn-north-1.amazonaws.com.cn'],
  ['amazoncognito.com', 'auth.us-east-1.amazoncognito.com'],
  ['on.aws', 'lambda-url.us-east-1.on.aws'],
  ['windows.net', 'blob.core.windows.net'],
  ['fastly.net', 'map.fastly.net'],
  ['ssl.fastly.net', 'global.ssl.fastly.net'],
  ['scw.cloud', 's3.fr-par.scw.cloud'],
  ['ovh.net', 'hosting.ovh.net'],
  ['cloudscale.ch', 'objects.rma.cloudscale.ch'],
]);

/** First labels that providers give to what they rent out; the list itself cannot be asked what lies below a name. */
const rentedLabels = ['s3', 'blob', 'web', 'app', 'apps', 'cdn', 'map', 'auth', 'hosting', 'execute-api'];

/** A public suffix at or below a canonical name, private section included, or null: `github.io` has itself, `amazonaws.com` has `s3.amazonaws.com`. */
export function sharedSuffixIn(name: string): string | null {
  if (isPublicSuffix(name)) return name;
  const known = sharedTenancyParents.get(name);
  if (known !== undefined) return known;
  const label = rentedLabels.find((rented) => isPublicSuffix(`${rented}.${name}`));
  return label === undefined ? null : `${label}.${name}`;
}
