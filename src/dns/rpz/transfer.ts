import { type Clock, type Fault, fault, quoteInput } from '../../base/index.ts';
import { parseIpAddress } from '../../destination/index.ts';
import { type DnsRecord, lowerName, writeName } from '../../wire/index.ts';
import { isLaterSerial, readSoa, type Soa } from '../zones/soa.ts';
import type { TransferRequest } from './ask-transfer.ts';
import { buildZone } from './build-zone.ts';
import { type Fetched, fetchZone } from './fetch-zone.ts';
import { keepZone, keptPathOf, readKeptZone } from './kept-zone.ts';
import { type PackedRecords, unpackRecords } from './packed-records.ts';
import type { RpzSource } from './rpz-source.ts';
import type { RpzZone } from './rpz-zone.ts';
import type { TsigKey } from './tsig.ts';
import { findGrowthFault } from './zone-growth.ts';

/** Which zone comes from where. */
export interface ZoneTransferOptions {
  /** The zone, without a last dot. */
  readonly origin: string;
  /** An address, never a name: the resolver is not asked for what protects it. */
  readonly primary: { readonly address: string; readonly port: number };
  /** The key that the primary shares with us, or null for none: then anybody on the way can write the list. */
  readonly key: TsigKey | null;
  /** Where the last good zone is kept; it must exist. */
  readonly stateFolder: string;
  readonly clock: Clock;
  /** Told of each new version, when it is in force. Default: nobody. */
  readonly onZone?: (zone: RpzZone) => void;
  /** How often the clock is looked at, in milliseconds. Default: 1000. */
  readonly tickMs?: number;
  /** Shortest time between two questions, in seconds, whatever the SOA says. Default: 30. */
  readonly minRefreshSeconds?: number;
  /** Longest silence of a primary in a transfer, in milliseconds. Default: 30,000. */
  readonly idleMs?: number;
  /** Longest transfer, in milliseconds. Default: 900,000 (15 minutes). */
  readonly totalMs?: number;
  /** Records past this are refused. Default: 5,000,000. */
  readonly maxRecords?: number;
}

/** A policy zone that follows its primary. */
export type ZoneTransfer = RpzSource;

const defaultTickMs = 1000;
/** Feeds say 60 s and more; a SOA full of zeros must not become a flood. */
const defaultMinRefreshSeconds = 30;
/** A list of threats that is a day old is old, whatever its SOA says. */
const maxRefreshSeconds = 86_400;
const maxRetrySeconds = 3600;
/** Before the first SOA is known. */
const firstRetrySeconds = 60;
const defaultIdleMs = 30_000;
const defaultTotalMs = 900_000;
const defaultMaxRecords = 5_000_000;
/** About 100 bytes for each record that is allowed. */
const maxBytes = 512 * 1024 * 1024;

interface Version {
  readonly zone: RpzZone;
  readonly soaRecord: DnsRecord;
  readonly soa: Soa;
  readonly records: number;
  /** Whether the file holds this version, so that differences can be applied to it. */
  readonly isKept: boolean;
}

/**
 * Follows a policy zone of a primary (AXFR and IXFR over TCP, TSIG): asks at once, then as its SOA says (refresh, after trouble retry). Each
 * good version is kept in a file and is in force at the next start before the primary is asked. Past `expire` the zone stays in force and
 * the problem says so: a list that vanishes would open what it closes. Throws a `TypeError` for an origin or a key that has no name, and
 * for a primary without an address.
 */
export function createZoneTransfer(options: ZoneTransferOptions): ZoneTransfer {
  if (writeName(options.origin) === null)
    throw new TypeError(`\`origin\` is not a name: ${quoteInput(options.origin)}`);
  if (options.key !== null && writeName(options.key.name) === null) throw new TypeError('`key.name` is not a name');
  const { address } = options.primary;
  if (!parseIpAddress(address).ok) throw new TypeError(`\`primary.address\` is not an address: ${quoteInput(address)}`);
  const follower = new Follower(options);
  const tick = setInterval(() => follower.tick(), options.tickMs ?? defaultTickMs);
  tick.unref();
  follower.tick();
  return {
    current: () => follower.version?.zone ?? null,
    problem: () => follower.problem(),
    close: async () => {
      clearInterval(tick);
      await follower.stop();
    },
  };
}

/** States: not started (nothing read yet), idle until `#nextAtMs`, busy with one turn, stopped. */
class Follower {
  version: Version | null = null;
  readonly #options: ZoneTransferOptions;
  readonly #origin: string;
  readonly #path: string;
  readonly #stopping = new AbortController();
  #isStarted = false;
  #running: Promise<void> | null = null;
  #fault: Fault | null = null;
  #askedAtMs = 0;
  #nextAtMs = 0;
  #checkedAtMs = 0;

  constructor(options: ZoneTransferOptions) {
    this.#options = options;
    this.#origin = lowerName(options.origin);
    this.#path = keptPathOf(options.stateFolder, this.#origin);
  }

  tick(): void {
    const nowMs = this.#options.clock.now();
    // Before the last question: the clock was set back, and waiting for it to catch up could take years.
    const isDue = nowMs >= this.#nextAtMs || nowMs < this.#askedAtMs;
    if (this.#running !== null || this.#stopping.signal.aborted || !isDue) return;
    this.#askedAtMs = nowMs;
    this.#running = this.#turn().finally(() => {
      this.#running = null;
    });
  }

  problem(): Fault | null {
    if (this.version === null)
      return this.#fault ?? fault('zone_missing', `the zone \`${this.#origin}\` is not here yet`);
    const ageMs = this.#options.clock.now() - this.#checkedAtMs;
    if (ageMs <= this.version.soa.expireSeconds * 1000) return this.#fault;
    const since = `the zone \`${this.#origin}\` was not confirmed for ${Math.floor(ageMs / 1000)} seconds and stays in force`;
    return fault('zone_expired', this.#fault === null ? since : `${since}: ${this.#fault.message}`);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #turn(): Promise<void> {
    if (!this.#isStarted) await this.#readKept();
    this.#isStarted = true;
    if (this.#stopping.signal.aborted) return;
    const fetched = await fetchZone(this.#request(), this.#path);
    if (this.#stopping.signal.aborted) return;
    this.#fault = fetched.ok ? await this.#take(fetched.value) : fetched.fault;
    this.#schedule();
  }

  async #readKept(): Promise<void> {
    const kept = await readKeptZone(this.#path, maxBytes);
    if (!kept.ok) this.#fault = kept.fault;
    if (!kept.ok || kept.value === null) return;
    await this.#install(kept.value.soa, kept.value.records, { isKept: true });
    this.#checkedAtMs = kept.value.checkedAtMs;
  }

  async #take(fetched: Fetched): Promise<Fault | null> {
    if (fetched.kind === 'unchanged') return this.#confirm(fetched.serial);
    const growth = findGrowthFault(this.version?.records ?? 0, fetched.records.count);
    // What is meant must be possible: without the file the next start takes any size.
    if (growth !== null)
      return fault(growth.code, `${growth.message}: remove \`${this.#path}\` and start again to take it`);
    const checkedAtMs = this.#options.clock.now();
    const kept = await keepZone(this.#path, { soa: fetched.soa, records: fetched.records, checkedAtMs });
    await this.#install(fetched.soa, fetched.records, { isKept: kept.ok });
    this.#checkedAtMs = checkedAtMs;
    return kept.ok ? null : kept.fault;
  }

  #confirm(serial: number): Fault | null {
    this.#checkedAtMs = this.#options.clock.now();
    const ours = this.version?.soa.serial ?? serial;
    if (!isLaterSerial(ours, serial)) return null;
    return fault('zone_went_back', `the primary has serial ${serial} after ${ours}: the newer one stays in force`);
  }

  async #install(record: DnsRecord, records: PackedRecords, { isKept }: { readonly isKept: boolean }): Promise<void> {
    const soaRecord = { ...record, name: this.#origin, data: new Uint8Array(record.data) };
    const soa = readSoa(soaRecord.data);
    const zone = await buildZone(
      soaRecord,
      { records: unpackRecords(records), count: records.count },
      this.#stopping.signal,
    );
    if (zone === null || soa === null) return;
    this.version = { zone, soaRecord, soa, records: records.count, isKept };
    this.#options.onZone?.(zone);
  }

  #request(): TransferRequest {
    const { primary, key, clock, idleMs = defaultIdleMs, totalMs = defaultTotalMs } = this.#options;
    const { version } = this;
    return {
      origin: this.#origin,
      primary,
      key,
      clock,
      idleMs,
      totalMs,
      ours: version?.isKept === true ? { soa: version.soaRecord, serial: version.soa.serial } : null,
      maxRecords: this.#options.maxRecords ?? defaultMaxRecords,
      maxBytes,
      signal: this.#stopping.signal,
    };
  }

  #schedule(): void {
    const soa = this.version?.soa;
    const retry = Math.min(soa?.retrySeconds ?? firstRetrySeconds, maxRetrySeconds);
    const wanted = this.#fault === null ? Math.min(soa?.refreshSeconds ?? retry, maxRefreshSeconds) : retry;
    const seconds = Math.max(wanted, this.#options.minRefreshSeconds ?? defaultMinRefreshSeconds);
    this.#nextAtMs = this.#options.clock.now() + seconds * 1000;
  }
}
