import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What people know and no log says: why each destination is needed, by the end of its name. */
const reasons: Readonly<Record<string, string>> = {
  'payhub.example': 'card payments of the shop',
  'pim.example': 'product catalogue',
  'findly.example': 'product search',
  'shopcdn.example': 'product pictures',
  'postbox.example': 'mail to customers',
  'parcelway.example': 'parcel rates and labels',
  'geocode.example': 'addresses are checked before shipping',
  'vatcheck.example': 'tax numbers of business customers',
  'featurely.example': 'feature flags',
  'pagewatch.example': 'status pages of our suppliers',
  'pricewire.example': 'daily price list',
  'metricshub.example': 'telemetry',
  'bank-gateway.example.com': 'card settlement',
  'bank-gateway-dr.example.com': 'the other site of the bank, for drills and failures',
  'statements.example.com': 'bank statements at the end of the month',
  'kms.example.com': 'envelope keys',
  'riskscore.example': 'fraud score of a payment',
  'cardscheme.example': '3-D Secure and the directory of the scheme',
  'vaulted.example': 'card numbers are kept there, not here',
  'ratefeed.example': 'exchange rates',
  'pki.example': 'certificate status of the bank',
  'settlement.example': 'nightly settlement files',
  '203.0.113.240': 'message queue of the acquirer, which has no name',
  'git.example.com': 'our source code',
  'registry.example.com': 'our npm registry',
  'packages.example.org': 'our Python packages',
  'crateshelf.example': 'crates of the build',
  'containers.example.net': 'base images',
  'layers.example.net': 'layers of base images',
  'toolchain.example': 'compilers of the build',
  'chatroom.example': 'results of builds',
  'coverly.example': 'test coverage',
  'cvefeed.example': 'advisories for the nightly scan',
  'lakehouse.example': 'nightly export of the warehouse',
  'crmcloud.example': 'customer records',
  'adreach.example': 'advertising reports',
  'sheetly.example': 'figures of the sales team',
  'partner.example.org': 'orders of the partner',
  'coldstore.example': 'nightly backup',
  'closebooks.example': 'the books are closed at the end of the month',
  'time.example.net': 'time',
  'helpdesk.example': 'tickets of customers',
  'callbridge.example': 'calls of customers',
  'wiki.example.org': 'how-to pages of support',
  'lingua.example': 'translation of tickets',
  'typecase.example': 'fonts of the desk application',
};
const owners: Readonly<Record<string, string>> = { 'support-desk': 'team-support' };

/** What was filled in. */
export interface Filled {
  readonly reasons: number;
  readonly owners: number;
}

/** Does a reviewer's part on a folder of proposed files: a reason for each `TODO`, an owner for whoever has none. */
export function fillReasons(folder: string): Filled {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml'));
  const filled = files.map((path) => {
    const text = readFileSync(join(folder, path), 'utf8');
    const done = fillText(text);
    if (done.text !== text) writeFileSync(join(folder, path), done.text);
    return done;
  });
  return { reasons: sum(filled.map((one) => one.reasons)), owners: sum(filled.map((one) => one.owners)) };
}

function fillText(text: string): Filled & { readonly text: string } {
  const count = { reasons: 0, owners: 0 };
  let [service, to] = ['', ''];
  const lines = text.split('\n').map((line) => {
    service = /^service: (\S+)/.exec(line)?.[1] ?? service;
    to = /^\s*-? *\{? *to: "?([^",\s]+)/.exec(line)?.[1] ?? to;
    if (/^\s*#/.test(line)) return line;
    if (/\breason: TODO\b/.test(line)) {
      count.reasons += 1;
      return line.replace(/\breason: TODO\b/, `reason: ${quoted(reasonOf(to))}`);
    }
    if (!/^owner: unassigned\b/.test(line)) return line;
    count.owners += 1;
    return `owner: ${ownerOf(service)}`;
  });
  return { ...count, text: lines.join('\n') };
}

function reasonOf(to: string): string {
  const host = to.replace(/^\w+:\/\//, '').replace(/:[\d,-]+$/, '');
  const found = Object.entries(reasons).find(([end]) => host === end || host.endsWith(`.${end}`));
  if (found === undefined) throw new Error(`nobody knows why \`${to}\` is needed`);
  return found[1];
}

function ownerOf(service: string): string {
  const owner = owners[service];
  if (owner === undefined) throw new Error(`nobody owns \`${service}\``);
  return owner;
}

function quoted(reason: string): string {
  return JSON.stringify(reason);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
