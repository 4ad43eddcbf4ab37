import { readFileSync } from 'node:fs';
import { type Clock, ExeatError } from '../../base/index.ts';
import type { ResponseZoneConfig } from '../../config/index.ts';
import {
  createFileZone,
  createZoneTransfer,
  openRpz,
  type RpzIndex,
  type RpzSource,
  type RpzZone,
} from '../../dns/index.ts';
import type { Logger } from '../logger.ts';

/** The response policy zones of the configuration, each in its last good version. */
export interface ResponseZones {
  /** As they are now; the same object until one of them changes. */
  index(): RpzIndex;
  /** Zones with how many entries they have, and how many of those do nothing here. */
  counts(): readonly {
    readonly zone: string;
    readonly serial: number;
    readonly entries: number;
    readonly unsupported: number;
  }[];
  /** Why a zone is not there, or old, a line each. */
  problems(): readonly string[];
  close(): Promise<void>;
}

/** What they are made of. */
export interface ResponseZonesParts {
  readonly zones: readonly ResponseZoneConfig[];
  /** Where transferred zones are kept. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Begins to follow them. Throws an ExeatError with one line for a key that cannot be read. */
export function openResponseZones({ zones, folder, clock, logger }: ResponseZonesParts): ResponseZones {
  let index = openRpz([]);
  const sources: RpzSource[] = [];
  const remake = (zone: RpzZone): void => {
    index = openRpz(sources.flatMap((source) => source.current() ?? []));
    const refused = zone.unsupported.map(({ kind, count, examples }) => `${count} × ${kind} (${examples.join(', ')})`);
    logger.info('a response zone is in force', { zone: zone.name, serial: zone.serial, ...zone.rules, refused });
  };
  for (const zone of zones) sources.push(openOne(zone, { folder, clock, onZone: remake }));
  return {
    index: () => index,
    counts: () =>
      index.zones.map(({ name, serial, rules, unsupported }) => ({
        zone: name,
        serial,
        entries: rules.qname + rules.ip + rules.client_ip,
        unsupported: unsupported.reduce((sum, { count }) => sum + count, 0),
      })),
    problems: () =>
      sources.flatMap((source, at) => {
        const problem = source.problem();
        return problem === null ? [] : [`response zone \`${zones[at]?.zone}\`: ${problem.message}`];
      }),
    close: async () => {
      await Promise.all(sources.map((source) => source.close()));
    },
  };
}

function openOne(
  { zone, file, primary, key }: ResponseZoneConfig,
  parts: { readonly folder: string; readonly clock: Clock; readonly onZone: (zone: RpzZone) => void },
): RpzSource {
  const { folder, clock, onZone } = parts;
  if (file !== null) return createFileZone({ path: file, origin: zone, onZone });
  if (primary === null)
    throw new ExeatError('zone_without_source', `response zone \`${zone}\` has neither file nor primary`);
  return createZoneTransfer({
    origin: zone,
    primary,
    key: key === null ? null : { name: key.name, algorithm: key.algorithm, secret: readSecret(key.secretFile) },
    stateFolder: folder,
    clock,
    onZone,
  });
}

function readSecret(path: string): Uint8Array {
  try {
    const secret = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64');
    if (secret.length >= 16) return secret;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ExeatError('zone_key_unreadable', `the key \`${path}\` of a response zone cannot be read (${code})`);
  }
  throw new ExeatError('zone_key_short', `the key \`${path}\` of a response zone has less than 16 bytes of base64`);
}
