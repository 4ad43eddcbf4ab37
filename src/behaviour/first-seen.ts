/** A service reaching for a registrable domain (or an address as text) and a port; `port` is null where none was asked for. */
export interface Sighting {
  readonly service: string;
  readonly domain: string;
  readonly port: number | null;
}

/** `first`: never seen before, and remembered now. `known`: seen before. `overflow`: a bound is reached, so it cannot be told. */
export type SightingOutcome = 'first' | 'known' | 'overflow';

/** How much to remember. */
export interface FirstSeenOptions {
  /** Sightings of one service; past it new ones are `overflow`. Default: 10,000. */
  readonly maxPerService?: number;
  /** Approximate bytes in all; past it new ones are `overflow`. Default: 64 MiB. */
  readonly maxBytes?: number;
}

/** What is remembered, and how often a bound kept something from being so. */
export interface FirstSeenCounts {
  readonly sightings: number;
  readonly services: number;
  readonly overflowed: number;
  readonly approximateBytes: number;
}

/** Remembers who was seen reaching for what. */
export interface FirstSeen {
  note(sighting: Sighting): SightingOutcome;
  /** Takes back a line of {@link lineOf}; false when it is none, or past a bound. */
  load(line: string): boolean;
  /** Everything remembered as lines, services together. */
  lines(): Iterable<string>;
  counts(): FirstSeenCounts;
}

/** A service that talks to more domains than this is a crawler, whose news are not news. */
const defaultMaxPerService = 10_000;
/** About half a million sightings. */
const defaultMaxBytes = 64 * 1024 * 1024;
/** What a set's slot, a string header and their slack come to in V8, measured with 300,000 of them; the text comes on top. */
const overheadBytes = 96;
/** What a service's own set costs before it holds much. */
const serviceOverheadBytes = 300;
/** A DNS name has at most 253 characters (RFC 1035); service names are shorter still. Longer text is no sighting. */
const maxTextLength = 253;

/** Makes an empty memory. */
export function createFirstSeen(options: FirstSeenOptions): FirstSeen {
  const maxPerService = options.maxPerService ?? defaultMaxPerService;
  const maxBytes = options.maxBytes ?? defaultMaxBytes;
  const services = new Map<string, Set<string>>();
  let [sightings, bytes, overflowed] = [0, 0, 0];

  const note = (sighting: Sighting): SightingOutcome => {
    const key = keyOf(sighting);
    const known = services.get(sighting.service);
    if (known?.has(key) === true) return 'known';
    const cost =
      overheadBytes + key.length + (known === undefined ? serviceOverheadBytes + sighting.service.length : 0);
    if (!isSighting(sighting) || (known?.size ?? 0) >= maxPerService || bytes + cost > maxBytes) {
      overflowed += 1;
      return 'overflow';
    }
    if (known === undefined) services.set(sighting.service, new Set([key]));
    else known.add(key);
    sightings += 1;
    bytes += cost;
    return 'first';
  };
  return {
    note,
    load: (line) => {
      const sighting = parseLine(line);
      return sighting !== null && note(sighting) !== 'overflow';
    },
    lines: () => allLines(services),
    counts: () => ({ sightings, services: services.size, overflowed, approximateBytes: bytes }),
  };
}

/** A sighting as one line without its line end: `["payments-api","example.com",443]`. */
export function lineOf(sighting: Sighting): string {
  return JSON.stringify([sighting.service, sighting.domain, sighting.port]);
}

function keyOf({ domain, port }: Sighting): string {
  return `${port ?? ''} ${domain}`;
}

function isSighting({ service, domain, port }: Sighting): boolean {
  const isPort = port === null || (Number.isInteger(port) && port >= 0 && port <= 65_535);
  return isPort && isText(service) && isText(domain);
}

function isText(text: string): boolean {
  return text.length > 0 && text.length <= maxTextLength;
}

function* allLines(services: ReadonlyMap<string, ReadonlySet<string>>): Generator<string> {
  for (const [service, keys] of services) {
    for (const key of keys) {
      const space = key.indexOf(' ');
      const port = space === 0 ? null : Number(key.slice(0, space));
      yield lineOf({ service, domain: key.slice(space + 1), port });
    }
  }
}

function parseLine(line: string): Sighting | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    // A line that a kill cut short: the sighting will be reported again, which is the harmless side.
    return null;
  }
  if (!Array.isArray(value) || value.length !== 3) return null;
  const [service, domain, port] = value as readonly unknown[];
  if (typeof service !== 'string' || typeof domain !== 'string') return null;
  if (port !== null && typeof port !== 'number') return null;
  return { service, domain, port };
}
