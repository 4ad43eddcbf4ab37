import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import type { Gateway, ProbeTarget } from './way.ts';

/** What a person asks for; null is what was not given. */
export interface ProbeRequest {
  readonly canary: string | null;
  readonly canaryPort: number;
  /** Addresses of the canary; what is missing is looked up by its name. */
  readonly addresses: readonly string[];
  readonly zone: string | null;
  readonly allowed: string | null;
  readonly proxy: ProbeTarget['proxy'];
  readonly isIntrusive: boolean;
  readonly timeoutMs: number;
  readonly env: ProbeTarget['env'];
}

/** Finds on this machine what attempts need to know beside the request: addresses, the gateway, an interpreter, rights. */
export async function findTarget(request: ProbeRequest): Promise<ProbeTarget> {
  const { addresses, canary } = request;
  shortenLookups();
  const [ipv4, ipv6, helper] = await Promise.all([
    addresses.find((address) => !address.includes(':')) ?? lookUp(canary, 4, request.timeoutMs),
    addresses.find((address) => address.includes(':')) ?? lookUp(canary, 6, request.timeoutMs),
    findHelper(),
  ]);
  return {
    ...request,
    ipv4,
    ipv6,
    helper,
    gateway: readGateway(readOrEmpty('/proc/net/route')),
    isRoot: process.getuid?.() === 0,
  };
}

// Where questions are dropped, a lookup waits for 10 s and more, holds one of four threads, and keeps the process from ending.
function shortenLookups(): void {
  process.env['RES_OPTIONS'] ??= 'timeout:1 attempts:1';
}

/** The default router of IPv4, from the table of the kernel (`/proc/net/route`); null for none. */
export function readGateway(routes: string): Gateway | null {
  const rows = routes.split('\n').map((line) => line.split('\t'));
  // Flag 2 is a gateway; the destination and mask of a default route are 0.
  const row = rows.find(
    ([, to, via, flags, , , , mask]) => to === zero && mask === zero && via !== zero && isGateway(flags),
  );
  const [device = '', , via = ''] = row ?? [];
  if (row === undefined) return null;
  // Addresses stand there as the number that a little-endian machine reads.
  const address = [6, 4, 2, 0].map((at) => Number.parseInt(via.slice(at, at + 2), 16)).join('.');
  return { address, device };
}

const zero = '00000000';

function isGateway(flags: string | undefined): boolean {
  return (Number.parseInt(flags ?? '0', 16) & 2) !== 0;
}

async function lookUp(name: string | null, family: 4 | 6, timeoutMs: number): Promise<string | null> {
  if (name === null) return null;
  const found = lookup(name, { family }).then(
    ({ address }) => address,
    // Denied or unknown: ways that need an address are untested then, and say so.
    () => null,
  );
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), timeoutMs);
  try {
    return await Promise.race([found, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function findHelper(): Promise<ProbeTarget['helper']> {
  if (await runs('perl', ['-MSocket', '-e', '1'])) return 'perl';
  return (await runs('python3', ['-c', 'import socket'])) ? 'python3' : null;
}

function runs(program: string, words: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, [...words], { timeout: 10_000 }, (error) => resolve(error === null));
  });
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Another system than Linux, or no such table in this container: no gateway is known.
    return '';
  }
}
