import { platformAddresses, platformNames } from '../../destination/index.ts';
import { metadataAttempt } from '../attempt/metadata.ts';
import type { Way } from '../way.ts';

const usualPath = '/latest/';

// What is asked of addresses that do not answer to the usual path, or that the table of platform addresses has as a block.
const linkLocal: readonly (readonly [address: string, what: string, path: string])[] = [
  ['169.254.169.254', 'most clouds', usualPath],
  ['169.254.170.2', 'AWS container credentials', '/v2/metadata'],
  ['169.254.170.23', 'AWS Pod Identity', '/v1/credentials'],
  ['169.254.169.252', 'Google Kubernetes metadata proxy', usualPath],
  ['169.254.42.42', 'Scaleway', '/conf'],
  ['169.254.0.23', 'Tencent Cloud', usualPath],
  ['::ffff:169.254.169.254', 'most clouds, mapped into IPv6', usualPath],
];

// A block has no address of its own: the one that answers there.
const addressInBlock: Readonly<Record<string, string>> = { 'fd00:ec2::': 'fd00:ec2::254' };
const pathOf: Readonly<Record<string, string>> = { '168.63.129.16': '/?comp=versions' };

/** Addresses and names by which clouds hand out credentials, from the tables that the boundary is made of. */
export const metadataWays: readonly Way[] = [
  ...linkLocal.map(([address, what, path]) => way(address, `metadata at ${address} (${what})`, path)),
  way('169.254.169.254', 'metadata at 169.254.169.254 (Azure)', '/metadata/versions', 'metadata-azure'),
  ...platformAddresses.map(({ prefix, name }) => {
    const address = addressInBlock[prefix.first.text] ?? prefix.first.text;
    return way(address, `metadata at ${address} (${name})`, pathOf[address] ?? usualPath);
  }),
  ...platformNames
    .filter(({ name }) => name !== 'localhost')
    .map(({ name, what, below }) => {
      const host = below && what.startsWith('the address') ? `169.254.169.254.${name}` : name;
      return way(host, `metadata by name, ${host} (${what})`, usualPath, `metadata-name-${name}`);
    }),
];

function way(host: string, title: string, path: string, id = `metadata-${host}`): Way {
  const slug = id
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 32)
    .replace(/-$/, '');
  return { id: slug, group: 'metadata', title, closedBy: 'metadata', needs: [], attempt: metadataAttempt(host, path) };
}
