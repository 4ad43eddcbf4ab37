import { type Fault, ok, type Result } from '../../base/index.ts';
import type { Config, LeaseSourceConfig } from '../../config/index.ts';
import { createLeaseFetcher } from '../point/leases/fetch-leases.ts';
import { boundsOf } from '../point/leases/lease-sources.ts';
import { parseLeases } from '../point/leases/parse-leases.ts';
import { readLeaseFile } from '../point/leases/read-lease-file.ts';
import { createNetworkFacts } from '../point/network-facts.ts';
import { type Inspection, pass } from './inspection.ts';

/** Reads a source of leases once and says what it has. */
export async function inspectLeases(source: LeaseSourceConfig, config: Config): Promise<Inspection> {
  const check = `leases ${source.name}`;
  const text = await readOnce(source);
  if (!text.ok) return broken(check, text.fault, 'mend what it names, then ask again');
  const facts = createNetworkFacts(config.localOrigins);
  const parsed = await parseLeases(text.value, boundsOf(source, { config, desk: null, network: facts.current }));
  facts.close();
  if (!parsed.ok) return broken(check, parsed.fault, 'see the guide of the gateway for how it is written');
  const { leases, refused, firstRefused } = parsed.value;
  if (refused === 0) return pass(check, `${leases.length} leases`);
  const says = `${refused} of ${leases.length + refused} leases do not count: ${firstRefused}`;
  return { check, result: 'warn', says, mend: 'correct them where they come from, or widen `ranges`' };
}

async function readOnce({ file, url, authorities, token }: LeaseSourceConfig): Promise<Result<string, Fault>> {
  if (file !== null) {
    const read = await readLeaseFile(file);
    return read.ok ? ok(read.value.text) : read;
  }
  const fetcher = createLeaseFetcher({ url: url ?? '', authorities, token });
  const text = await fetcher.fetch();
  await fetcher.close();
  return text.ok ? ok(text.value ?? '') : text;
}

function broken(check: string, { message }: Fault, mend: string): Inspection {
  return { check, result: 'fail', says: message, mend };
}
