import { failed, fault, ok, parseDuration, quoteInput, type Result } from '../base/index.ts';
import { parseAuthority, parseIpAddress, parseWireHost } from '../destination/index.ts';
import { type ProbeRequest, type ProxyAddress, readProxy } from '../probe/index.ts';

/** The flags of `exeat probe`, as commander gives them. */
export interface ProbeFlags {
  readonly canary?: string;
  readonly canaryAddress: readonly string[];
  readonly zone?: string;
  readonly allowed?: string;
  readonly proxy?: string;
  readonly only: readonly string[];
  readonly timeout: string;
  readonly intrusive?: true;
  readonly metrics?: string;
  readonly json?: true;
  readonly list?: true;
}

/** Shortest and longest wait: below, a far canary is a closed way; above, a run that waits for everything does not end. */
const timeoutRangeMs = [100, 10_000] as const;

/** Reads the flags of a probe. Faults, each naming its flag: `probe_flag_malformed`. */
export function parseProbeFlags(flags: ProbeFlags, env: ProbeRequest['env']): Result<ProbeRequest> {
  const canary = readCanary(flags.canary);
  if (!canary.ok) return canary;
  const addresses = readAddresses(flags.canaryAddress);
  if (!addresses.ok) return addresses;
  const zone = readName('--zone', flags.zone);
  if (!zone.ok) return zone;
  const allowed = readName('--allowed', flags.allowed);
  if (!allowed.ok) return allowed;
  const rest = readRest(flags);
  if (!rest.ok) return rest;
  return ok({
    ...canary.value,
    ...rest.value,
    addresses: addresses.value,
    zone: zone.value,
    allowed: allowed.value,
    isIntrusive: flags.intrusive === true,
    env,
  });
}

function readRest({ proxy, timeout }: ProbeFlags): Result<Pick<ProbeRequest, 'proxy' | 'timeoutMs'>> {
  const timeoutMs = readTimeout(timeout);
  if (!timeoutMs.ok) return timeoutMs;
  const address: ProxyAddress | null = proxy === undefined ? null : readProxy(proxy);
  // Not quoted: it may hold a secret.
  if (proxy !== undefined && address === null) return malformed('--proxy is no `http://proxy.example:3128`');
  return ok({ proxy: address, timeoutMs: timeoutMs.value });
}

function readCanary(text: string | undefined): Result<Pick<ProbeRequest, 'canary' | 'canaryPort'>> {
  if (text === undefined) return ok({ canary: null, canaryPort: 443 });
  const authority = parseAuthority(text, 443);
  if (!authority.ok) return malformed(`--canary: ${authority.fault.message}`);
  const { host, port } = authority.value;
  if (host.kind !== 'name') return malformed(`--canary ${quoteInput(text)} is an address, use --canary-address`);
  return ok({ canary: host.name, canaryPort: port });
}

function readAddresses(texts: readonly string[]): Result<readonly string[]> {
  const read = texts.map((text) => ({ text, address: parseIpAddress(text) }));
  const wrong = read.find(({ address }) => !address.ok);
  if (wrong !== undefined) return malformed(`--canary-address ${quoteInput(wrong.text)} is not an address`);
  return ok(read.flatMap(({ address }) => (address.ok ? [address.value.text] : [])));
}

function readName(flag: string, text: string | undefined): Result<string | null> {
  if (text === undefined) return ok(null);
  const host = parseWireHost(text);
  return host.ok && host.value.kind === 'name'
    ? ok(host.value.name)
    : malformed(`${flag} ${quoteInput(text)} is not a name`);
}

function readTimeout(text: string): Result<number> {
  const timeoutMs = parseDuration(text);
  if (!timeoutMs.ok) return malformed(`--timeout: ${timeoutMs.fault.message}`);
  const [least, most] = timeoutRangeMs;
  if (timeoutMs.value >= least && timeoutMs.value <= most) return timeoutMs;
  return malformed(`--timeout ${quoteInput(text)} is outside 100ms to 10s`);
}

function malformed(message: string): Result<never> {
  return failed(fault('probe_flag_malformed', message));
}
