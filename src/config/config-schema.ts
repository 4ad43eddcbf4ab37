import { z } from 'zod';
import { auditSection } from './audit-section.ts';
import type { Config, GatewayConfig } from './config.ts';
import {
  addressField,
  baseUrlField,
  durationField,
  endpointField,
  localOriginField,
  pathField,
  serverField,
  sizeField,
  upstreamProxyField,
} from './config-fields.ts';
import { dnsSection } from './dns-section.ts';
import { isLoopback } from './endpoint.ts';
import { gatewaySection } from './gateway-section.ts';
import { leasesSection } from './leases-section.ts';
import { issuersSection, tlsSection } from './trust-sections.ts';

/** What the schema gives: a {@link Config} without the two fields that depend on where it came from. */
export type ParsedConfig = Omit<Config, 'file' | 'console'> & { readonly console: ParsedConsole };

/** The `console:` section before its URL is filled in. */
export type ParsedConsole = Omit<Config['console'], 'url'> & { readonly url: string | null };

/** Name of a host as `hosts:` accepts it: canonical, so that lookups compare bytes. */
const hostName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*$/;

/** The schema of `exeat.yaml`. `folder` is where relative paths start. Every default is here, with its reason in the description. */
export function createConfigSchema(folder: string): z.ZodType<ParsedConfig> {
  return z
    .strictObject({
      policy: pathField(folder).prefault('./policy').meta({ description: 'folder of policy files' }),
      inventory: pathField(folder)
        .nullable()
        .prefault(null)
        .meta({ description: 'file that says who had which address, for the flow map; null for none' }),
      state: pathField(folder)
        .prefault('./.exeat')
        .meta({ description: 'folder of everything that Exeat writes, mode 0700' }),
      listen: listenSection(),
      tls: tlsSection(folder),
      credentials: pathField(folder)
        .nullable()
        .prefault(null)
        .meta({ description: 'file of proxy credentials, null for none' }),
      issuers: issuersSection(folder),
      resolver: resolverSection(),
      dns: dnsSection(folder),
      gateway: gatewaySection(folder),
      leases: leasesSection(folder),
      run: runSection(folder),
      hosts: hostsSection(),
      localOrigins: z.array(localOriginField()).max(64).prefault([]).meta({
        description: 'loopback address:port pairs that rules may reach; for demos and tests',
      }),
      limits: limitsSection(),
      decisions: decisionsSection(),
      audit: auditSection(folder),
      console: consoleSection(folder),
      upstreamProxy: upstreamProxyField().nullable().prefault(null).meta({
        description: 'a parent proxy, `http://proxy.example:3128`; names are judged here, addresses by it',
      }),
      policyTrust: laterChoice('local', 'approved', 'local: policy files apply as read').meta({
        description: 'whether policy files apply as read (`local`)',
      }),
      transport: z.enum(['auto', 'node', 'native']).prefault('auto').meta({
        description:
          'which driver moves the bytes: `native` in threads of its own, `node` without an addon; `auto` is `native` where that loads',
      }),
      transportThreads: z.number().int().min(1).max(64).nullable().prefault(null).meta({
        description: 'threads of the native transport; null for one per two processors',
      }),
      allowCleartextProofs: cleartextField(),
      demo: z.boolean().prefault(false).meta({
        description: 'start a demo origin on the first local origin and make a credential for it; for the quickstart',
      }),
    })
    .superRefine((config, context) => {
      for (const { holds, message, path } of conditions) {
        if (!holds(config)) context.addIssue({ code: 'custom', message, path: [...path] });
      }
    })
    .meta({ title: 'exeat.yaml', description: 'runtime configuration of Exeat' });
}

interface Condition {
  readonly holds: (config: ParsedConfig) => boolean;
  readonly message: string;
  readonly path: readonly string[];
}

/** What must hold between sections. */
const conditions: readonly Condition[] = [
  {
    holds: (config) => !config.demo || (config.localOrigins.length > 0 && config.credentials !== null),
    message: '`demo` needs `credentials` and a first entry in `localOrigins`, where its origin listens',
    path: ['demo'],
  },
  {
    holds: (config) => config.tls !== null || (config.listen.dot === null && config.listen.doh === null),
    message: '`listen.dot` and `listen.doh` need `tls`, whose certificate they show',
    path: ['listen'],
  },
  {
    holds: ({ gateway, listen }) => gateway === null || /^(?:0\.0\.0\.0|\[::\]):[1-9]/.test(listen.dns?.text ?? ''),
    message:
      '`gateway` needs `listen.dns` on all addresses, `0.0.0.0:53` or `[::]:53`: questions of both families are led there, and the ruleset shields it',
    path: ['listen', 'dns'],
  },
  {
    holds: ({ gateway, leases }) => gateway === null || isBoundSomehow(gateway, leases),
    message:
      '`binding: mac` needs `neighbours`, or `leases` that say hardware addresses, or nobody is let in; behind a router write `binding: path`',
    path: ['gateway', 'neighbours'],
  },
  {
    holds: ({ gateway, upstreamProxy }) => gateway === null || upstreamProxy === null,
    message: '`gateway` dials by itself and cannot go through `upstreamProxy`',
    path: ['upstreamProxy'],
  },
  {
    holds: (config) => !isExposed(config),
    message:
      '`listen.console` is not a loopback address and has no TLS, so tokens could be read on the way: set `console.tls`, or `console.allowCleartext: true` to accept that',
    path: ['listen', 'console'],
  },
];

function isBoundSomehow({ inside, binding, neighbours }: GatewayConfig, leases: ParsedConfig['leases']): boolean {
  return inside.length === 0 || binding === 'path' || neighbours.length + leases.length > 0;
}

function cleartextField(): z.ZodType<boolean> {
  return z.boolean().prefault(false).meta({
    description:
      'accept Basic and Bearer without TLS from other machines: anyone on the path can then read and reuse the proof',
  });
}

function isExposed({ listen, console }: Pick<ParsedConfig, 'listen' | 'console'>): boolean {
  const at = listen.console;
  return at !== null && !isLoopback(at) && console.tls === null && !console.allowCleartext;
}

function laterChoice<T extends string>(now: T, later: string, says: string): z.ZodType<T> {
  return z
    .string()
    .transform((text, context): T => {
      if (text === now) return now;
      const why = text === later ? `\`${later}\` comes with a later issue` : `\`${text}\` is not known`;
      context.addIssue({ code: 'custom', message: `${why}, write \`${now}\` (${says})` });
      return z.NEVER;
    })
    .prefault(now);
}

function listenSection(): z.ZodType<Config['listen']> {
  return z
    .strictObject({
      proxy: endpointField().prefault('127.0.0.1:3128').meta({ description: 'address and port of the proxy' }),
      console: endpointField().nullable().prefault('127.0.0.1:8440').meta({
        description: 'address and port of health, readiness and metrics; null for none',
      }),
      pac: endpointField()
        .nullable()
        .prefault(null)
        .meta({ description: 'extra address and port for the PAC file; null for none' }),
      dns: endpointField()
        .nullable()
        .prefault(null)
        .meta({ description: 'address and port of the DNS filter, UDP and TCP; null for none' }),
      dot: endpointField().nullable().prefault(null).meta({
        description: 'address and port of the DNS filter over TLS, with the certificate of `tls`; null for none',
      }),
      doh: endpointField().nullable().prefault(null).meta({
        description: 'address and port of the DNS filter over HTTPS, with the certificate of `tls`; null for none',
      }),
    })
    .prefault({})
    .meta({ description: 'where Exeat listens; loopback unless told' });
}

function resolverSection(): z.ZodType<Config['resolver']> {
  return z
    .strictObject({
      servers: z.array(serverField()).min(1).max(16).nullable().prefault(null).meta({
        description:
          'DNS servers: `192.0.2.53` with or without a port, `tls://192.0.2.53#dns.example`, `https://dns.example/dns-query#192.0.2.53`; null for those of the system',
      }),
    })
    .prefault({})
    .meta({ description: 'how names are resolved' });
}

function hostsSection(): z.ZodType<Config['hosts']> {
  const addresses = z.union([addressField().transform((one) => [one]), z.array(addressField()).min(1).max(64)], {
    error: 'write an IP address or a list of them',
  });
  return z
    .record(z.string().regex(hostName, 'a name in `hosts` is lower-case ASCII without a trailing dot'), addresses)
    .prefault({})
    .meta({ description: 'exact names with their addresses; asked before any server' });
}

function runSection(folder: string): z.ZodType<Config['run']> {
  return z
    .strictObject({
      socket: pathField(folder).nullable().prefault(null).meta({
        description:
          'unix socket where `exeat run` of any user reaches this product, which asks the kernel who it is; null: in the state folder, for its own user',
      }),
    })
    .prefault({})
    .transform(({ socket }) => ({ socket, isOnly: false, ports: null }))
    .meta({ description: 'how `exeat run` reaches a running product' });
}

function limitsSection(): z.ZodType<Config['limits']> {
  const count = z.number().int().min(1).max(1_000_000);
  return z
    .strictObject({
      connections: count.prefault(8000).meta({ description: 'open connections in all; the next is refused' }),
      perPrincipal: count
        .prefault(1000)
        .meta({ description: 'open connections of one principal; the next is refused' }),
      unprovenPerSource: count.prefault(2000).meta({
        description: 'open connections of one source address that have proven nothing yet; the next is reset',
      }),
      headTimeout: durationField('100ms', '5m')
        .prefault('10s')
        .meta({ description: 'from accept to a whole request head' }),
      idleTimeout: durationField('1s', '7d').prefault('10m').meta({ description: 'without a byte either way' }),
      totalTimeout: durationField('1s', '30d').prefault('24h').meta({ description: 'life of one connection' }),
    })
    .prefault({})
    .transform((limits) => ({
      connections: limits.connections,
      perPrincipal: limits.perPrincipal,
      unprovenPerSource: limits.unprovenPerSource,
      headTimeoutMs: limits.headTimeout,
      idleTimeoutMs: limits.idleTimeout,
      totalTimeoutMs: limits.totalTimeout,
    }))
    .meta({ description: 'bounds of the proxy' });
}

function decisionsSection(): z.ZodType<Config['decisions']> {
  return z
    .strictObject({
      rotateSize: sizeField('4KiB', '16GiB')
        .prefault('64MiB')
        .meta({ description: 'a record file is closed at this size' }),
      rotateAge: durationField('1s', '30d').prefault('1h').meta({ description: 'or at this age' }),
      budget: sizeField('16KiB', '1024TiB')
        .prefault('5GiB')
        .meta({ description: 'disk for records; the oldest files go first' }),
    })
    .prefault({})
    .refine((decisions) => decisions.budget >= 2 * decisions.rotateSize, {
      message: '`budget` must be at least twice `rotateSize`, or a rotated file could not be kept',
      path: ['budget'],
    })
    .transform((decisions) => ({
      rotateSizeBytes: decisions.rotateSize,
      rotateAgeMs: decisions.rotateAge,
      budgetBytes: decisions.budget,
    }))
    .meta({ description: 'decision records on disk' });
}

function consoleSection(folder: string): z.ZodType<ParsedConsole> {
  const tls = z
    .strictObject({
      certificate: pathField(folder).meta({ description: 'certificate chain of the console listener, PEM' }),
      key: pathField(folder).meta({ description: 'its private key, PEM' }),
    })
    .nullable()
    .prefault(null);
  return z
    .strictObject({
      url: baseUrlField().nullable().prefault(null).meta({
        description: 'base of the links that people are given; null for the console listener',
      }),
      tls: tls.meta({ description: 'TLS of the console listener; null for clear text' }),
      allowCleartext: z.boolean().prefault(false).meta({
        description:
          'listen without TLS on an address that is not loopback: whoever is on the path can read and use tokens',
      }),
    })
    .prefault({})
    .meta({ description: 'how people and programs reach the console and its API' });
}
