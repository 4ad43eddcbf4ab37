import { bindFormat } from './bind.ts';
import { corednsFormat } from './coredns.ts';
import { dnsmasqFormat } from './dnsmasq.ts';
import type { LogFormat } from './log-format.ts';
import { route53ResolverFormat } from './route53-resolver.ts';
import { unboundFormat } from './unbound.ts';

/** Every log format that is understood, in the order in which ties of detection are settled: the more particular first. */
export const logFormats: readonly LogFormat[] = [
  route53ResolverFormat,
  corednsFormat,
  bindFormat,
  unboundFormat,
  dnsmasqFormat,
];

/** The format of an id, or null. */
export function findLogFormat(id: string): LogFormat | null {
  return logFormats.find((format) => format.id === id) ?? null;
}
