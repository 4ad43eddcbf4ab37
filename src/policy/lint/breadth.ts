import {
  type HostPattern,
  isBelow,
  type PortRange,
  parseIpAddress,
  patternCovers,
  publicResolverAddresses,
  publicResolvers,
  type Target,
} from '../../destination/index.ts';
import type { RuleNode, SourceAt } from '../nodes.ts';
import type { LintRule, ReportFinding } from './finding.ts';
import { type LintContext, ownTarget } from './lint-context.ts';
import { sharedSuffixIn } from './shared-tenancy.ts';

/** A target covers every name or every address. */
export const allowAll: LintRule = {
  id: 'allow-all',
  severity: 'error',
  says: 'an allow covers every name or every address',
  mend: 'name the hosts that the service needs',
  find: (context, report) =>
    eachAllowed(context, ({ host, canonical }, at) => {
      if (coversAll(host)) report(at, `\`${canonical}\` covers every ${host.kind === 'prefix' ? 'address' : 'name'}`);
    }),
};

/** A target covers every port. */
export const portAny: LintRule = {
  id: 'port-any',
  severity: 'warning',
  says: 'an allow covers every port of its hosts',
  mend: 'name the ports: `443`, `80,443`, `8000-8100`',
  find: (context, report) =>
    eachAllowed(context, ({ ports, canonical }, at) => {
      if (isAnyPort(ports)) report(at, `\`${canonical}\` covers every port`);
    }),
};

/** A wildcard spans tenants: it stands on or above a public suffix, of the private section too. */
export const wildcardPublicSuffix: LintRule = {
  id: 'wildcard-public-suffix',
  severity: 'error',
  says: 'a wildcard stands on or above a public suffix, where strangers rent names side by side',
  mend: 'name the host or the tenant that you mean',
  find: (context, report) =>
    eachAllowed(context, ({ host, canonical }, at) => {
      if (host.kind === 'below') reportSharedWildcard(host.name, canonical, at, report);
    }),
};

/** A rule opens a public resolver, whose answers nobody filters. */
export const publicResolver: LintRule = {
  id: 'public-resolver',
  severity: 'warning',
  says: 'an allow covers a public resolver, which answers names past the DNS filter',
  mend: 'let the program ask the filter, or narrow a wildcard; keep the rule where the resolver is meant',
  find: (context, report) =>
    eachAllowed(context, ({ host, canonical }, at) => {
      const resolver = coversAll(host) ? null : resolverIn(host);
      if (resolver !== null) report(at, `\`${canonical}\` covers the public resolver \`${resolver}\``);
    }),
};

/** An address is allowed and the reason says too little to tell why no name would do. */
export const ipLiteral: LintRule = {
  id: 'ip-literal',
  severity: 'warning',
  says: 'an address is allowed without a reason of at least three words',
  mend: 'allow the name, or say in three words or more why only an address will do',
  find: ({ services, destinations }, report) => {
    for (const service of services)
      for (const rule of service.allow) {
        if (isSubstantial(rule.reason)) continue;
        const address = firstAddress(rule, destinations);
        if (address !== null) report(rule.at, `address \`${address}\` is allowed for \`${rule.reason}\``);
      }
  },
};

/** Nothing narrows a rule but TLS on its port. */
export const tlsAlone: LintRule = {
  id: 'tls-alone',
  severity: 'warning',
  says: "only TLS narrows an allow: every name on port 443, a range as wide as a provider's, or addresses with `sni: none`",
  mend: 'name the hosts, or narrow the range to the addresses that are yours',
  find: ({ services }, report) => {
    for (const service of services)
      for (const rule of service.allow) {
        const why = whyTlsAlone(rule);
        if (why !== null) report(rule.at, `\`${ownTarget(rule)?.canonical}\` ${why}`);
      }
  },
};

/** Blocks wider than these are handed out to providers, whose tenants change; registries assign end sites /24 and /48 at most. */
const providerWidth = { 4: 24, 6: 48 } as const;

function eachAllowed(context: LintContext, visit: (target: Target, at: SourceAt) => void): void {
  for (const { members } of context.destinations.values()) for (const { target, at } of members) visit(target, at);
  for (const { allow } of context.services)
    for (const rule of allow) if (rule.to.kind === 'target') visit(rule.to.target, rule.at);
}

function coversAll(host: HostPattern): boolean {
  return host.kind === 'any-name' || (host.kind === 'prefix' && host.prefix.length === 0);
}

function resolverIn(host: HostPattern): string | null {
  if (host.kind === 'prefix') return publicResolverAddresses.find((text) => coversAddress(host, text)) ?? null;
  const found = publicResolvers.find(({ name, below }) => {
    if (patternCovers(host, { kind: 'name', name })) return true;
    return below && host.kind !== 'any-name' && isBelow(host.name, name);
  });
  return found?.name ?? null;
}

function coversAddress(host: HostPattern, text: string): boolean {
  const address = parseIpAddress(text);
  return address.ok && patternCovers(host, { kind: 'address', address: address.value });
}

function isAnyPort(ports: readonly PortRange[]): boolean {
  return ports.length === 1 && ports[0]?.first === 1 && ports[0].last === 65535;
}

function reportSharedWildcard(name: string, canonical: string, at: SourceAt, report: ReportFinding): void {
  const suffix = sharedSuffixIn(name);
  if (suffix !== null) report(at, `\`${canonical}\` covers everybody under the public suffix \`${suffix}\``);
}

function isSubstantial(reason: string): boolean {
  return reason.split(/\s+/).filter((word) => /\p{L}/u.test(word)).length >= 3;
}

function firstAddress(rule: RuleNode, destinations: LintContext['destinations']): string | null {
  if (rule.to.kind === 'target') return rule.to.target.host.kind === 'prefix' ? rule.to.target.canonical : null;
  const members = destinations.get(rule.to.name)?.members ?? [];
  return members.find(({ target }) => target.host.kind === 'prefix')?.target.canonical ?? null;
}

function whyTlsAlone(rule: RuleNode): string | null {
  const target = ownTarget(rule);
  if (target === null || target.protocol !== 'tls') return null;
  if (target.host.kind === 'any-name') return 'is narrowed by its port only';
  if (target.host.kind !== 'prefix') return null;
  if (rule.sniNone) return 'with `sni: none` lets any server name and none through';
  const { first, length } = target.host.prefix;
  return length < providerWidth[first.family] ? "is as wide as a provider's range" : null;
}
