import type { DriverChoice } from '../transport/index.ts';
import type { AuditConfig } from './audit-config.ts';
import type { Endpoint } from './endpoint.ts';

/** Where the keys of a token issuer come from: a file, or an https URL. `text` is as shown to people. */
export type JwksSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string };

/**
 * One trusted issuer of tokens: exact `iss`, the `aud` that tokens must carry, where its keys are, and the SPIFFE trust domain
 * that it speaks for (null: none, so its `sub` never is a SPIFFE ID). `authorities` is a PEM file for the https URL of its keys, null
 * for the ones that Node ships.
 */
export interface IssuerConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly jwks: JwksSource;
  readonly trustDomain: string | null;
  readonly authorities: string | null;
  readonly maxTokenAgeMs: number;
}

/** Where Exeat listens. Port 0 asks the kernel for a free one. `console` and `pac` may be off. */
export interface ListenConfig {
  readonly proxy: Endpoint;
  readonly console: Endpoint | null;
  readonly pac: Endpoint | null;
  /** UDP and TCP; `dot` and `doh` are TLS. */
  readonly dns: Endpoint | null;
  readonly dot: Endpoint | null;
  readonly doh: Endpoint | null;
}

/**
 * TLS of the proxy listener: absolute paths. With `clientBundle`, clients may prove themselves by certificate, of `trustDomain` only
 * where that is set. `revocationsPastUpdate` says what a list does that should have been replaced.
 */
export interface TlsConfig {
  readonly certificate: string;
  readonly key: string;
  readonly clientBundle: string | null;
  readonly revocations: string | null;
  readonly trustDomain: string | null;
  readonly revocationsPastUpdate: 'refuse' | 'accept';
}

/** Bounds of the proxy. Past `connections` or `perPrincipal` a connection is refused, past a timeout it is cut. */
export interface LimitsConfig {
  readonly connections: number;
  readonly perPrincipal: number;
  readonly unprovenPerSource: number;
  readonly headTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly totalTimeoutMs: number;
}

/** A response policy zone: of a file, or transferred from `primary`. Paths are absolute. */
export interface ResponseZoneConfig {
  readonly zone: string;
  readonly file: string | null;
  readonly primary: Endpoint | null;
  readonly key: {
    readonly name: string;
    readonly algorithm: 'hmac-sha256' | 'hmac-sha384' | 'hmac-sha512';
    readonly secretFile: string;
  } | null;
}

/** How the DNS filter answers. Addresses and servers are text. */
export interface DnsConfig {
  readonly denial: 'nxdomain' | 'nodata' | 'refused' | 'sinkhole';
  readonly sinkhole: readonly string[];
  readonly denialTtlMs: number;
  readonly sample: number;
  readonly cacheBytes: number;
  readonly staleForMs: number;
  /** Queries a second of one client. */
  readonly perClient: number;
  readonly searchDomains: readonly string[];
  readonly zones: Readonly<Record<string, string>>;
  readonly forward: Readonly<Record<string, readonly string[]>>;
  readonly responseZones: readonly ResponseZoneConfig[];
}

/**
 * The transparent gateway. `binding` and `neighbours` say from where a source address counts; `helper` is the socket of a helper that was
 * started otherwise.
 */
export interface GatewayConfig {
  readonly inside: readonly string[];
  readonly binding: 'mac' | 'path';
  readonly neighbours: readonly { readonly address: string; readonly mac: string }[];
  readonly port: number;
  readonly tlsPorts: readonly number[];
  readonly httpPorts: readonly number[];
  /** For how long an address stays open past the time of the answer of DNS that told of it. Whole seconds count. */
  readonly graceMs: number;
  readonly masquerades: boolean;
  readonly tracksFlows: boolean;
  readonly guardsRoutes: boolean;
  readonly helper: string | null;
  readonly local: LocalConfig | null;
  /** Where `exeat run` has its addresses, at most one range of a family (`198.18.71.0/24`); null: runs are not behind the gateway. */
  readonly run: { readonly ranges: readonly string[] } | null;
}

/** How processes of this machine itself are held: whose are not (names or numbers of users), and where it answers whoever connects to it. */
export interface LocalConfig {
  readonly exempt: readonly string[];
  readonly inbound: readonly number[];
}

/** Who says from when to when an address of `ranges` belongs to a service: a file or a URL, the other is null. Paths are absolute. */
export interface LeaseSourceConfig {
  readonly name: string;
  readonly file: string | null;
  readonly url: string | null;
  readonly everyMs: number;
  readonly authorities: string | null;
  readonly token: string | null;
  readonly ranges: readonly string[];
  readonly staleAfterMs: number | null;
}

/** TCP ports that are read by name: as TLS, and as HTTP. */
export type NamePorts = Pick<GatewayConfig, 'tlsPorts' | 'httpPorts'>;

/**
 * Where `exeat run` of other users reaches this product; null: in the state folder, for its own user and root. What no file can say is for
 * the point that a run starts for itself: `isOnly`, nothing but runs is served, and `ports`, what the gateway of that file reads by name.
 */
export interface RunConfig {
  readonly socket: string | null;
  readonly isOnly: boolean;
  readonly ports: NamePorts | null;
}

/** When the spool rotates, and how much disk it may take. */
export interface DecisionsConfig {
  readonly rotateSizeBytes: number;
  readonly rotateAgeMs: number;
  readonly budgetBytes: number;
}

/**
 * Everything that was configured, filled and frozen; nothing is undefined. Paths are absolute. `file` is the file it was read from.
 * `resolver.servers` is null for the servers of the system. `hosts` maps exact lower-case names to addresses as text.
 */
export interface Config {
  readonly file: string;
  readonly policy: string;
  readonly inventory: string | null;
  readonly state: string;
  readonly listen: ListenConfig;
  readonly tls: TlsConfig | null;
  readonly credentials: string | null;
  readonly issuers: readonly IssuerConfig[];
  readonly resolver: { readonly servers: readonly string[] | null };
  readonly dns: DnsConfig;
  readonly gateway: GatewayConfig | null;
  readonly leases: readonly LeaseSourceConfig[];
  readonly run: RunConfig;
  readonly hosts: Readonly<Record<string, readonly string[]>>;
  readonly localOrigins: readonly Endpoint[];
  readonly limits: LimitsConfig;
  readonly decisions: DecisionsConfig;
  readonly audit: AuditConfig;
  readonly console: ConsoleConfig;
  readonly upstreamProxy: UpstreamProxyConfig | null;
  readonly policyTrust: 'local';
  readonly transport: DriverChoice;
  readonly transportThreads: number | null;
  readonly allowCleartextProofs: boolean;
  /** Whether `exeat up` starts the demo origin of the quickstart and makes a credential for it at each start. */
  readonly demo: boolean;
}

/** How people reach the console. `allowCleartext`: tokens may be sent without TLS to an address that is not loopback. */
export interface ConsoleConfig {
  readonly url: string;
  readonly tls: { readonly certificate: string; readonly key: string } | null;
  readonly allowCleartext: boolean;
}

/** A parent proxy that speaks HTTP CONNECT in clear text: `http://proxy.example:3128`. `host` is a name or an address without brackets. */
export interface UpstreamProxyConfig {
  readonly url: string;
  readonly host: string;
  readonly port: number;
}
