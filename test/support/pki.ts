import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** What goes into a certificate. Times are epoch milliseconds; the defaults are five minutes ago and one hour ahead. */
export interface IssueOptions {
  /** DNS names of the subject alternative name. Default: none. */
  readonly names?: readonly string[];
  /** IP addresses of the subject alternative name. Default: none. */
  readonly addresses?: readonly string[];
  /** URIs of the subject alternative name. Default: none. */
  readonly uris?: readonly string[];
  /** Start of validity. Default: five minutes ago. */
  readonly notBefore?: number;
  /** End of validity. Default: one hour ahead. */
  readonly notAfter?: number;
  /** Whether basic constraints say CA. Default: false for leaves, true for authorities. */
  readonly isAuthority?: boolean;
  /** Key usage flags. Default: digitalSignature for leaves, keyCertSign and cRLSign for authorities; null leaves it out. */
  readonly usages?: x509.KeyUsageFlags | null;
  /** Extended key usages. Default: server or client authentication, as the maker's name says; empty leaves it out. */
  readonly extendedUsages?: readonly string[];
  /** Further extensions, for oddities. Default: none. */
  readonly extensions?: readonly x509.Extension[];
  /** Serial number in hexadecimal. Default: random, 16 bytes. */
  readonly serial?: string;
}

/** A certificate with its key. `chainPem` and `chain` (DER) hold the leaf first, then intermediates, never the root. */
export interface Issued {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly chainPem: string;
  readonly chain: readonly Uint8Array[];
  /** Serial number in lower-case hexadecimal. */
  readonly serial: string;
}

/** What goes into a revocation list. */
export interface RevocationsOptions {
  /** Revoked serial numbers in hexadecimal. Default: none. */
  readonly serials?: readonly string[];
  /** Epoch milliseconds. Default: five minutes ago. */
  readonly thisUpdate?: number;
  /** Epoch milliseconds. Default: one hour ahead. */
  readonly nextUpdate?: number;
  /** Issuer name when it shall lie about who signs. Default: the authority's own. */
  readonly issuer?: string;
}

/** A certificate authority of a test, all in this process. */
export interface TestAuthority {
  readonly name: string;
  readonly certificatePem: string;
  readonly certificate: Uint8Array;
  readonly keyPem: string;
  /** Issues a server certificate: `issueServer({ names: ['proxy.example'], addresses: ['127.0.0.1'] })`. */
  issueServer(options: IssueOptions): Promise<Issued>;
  /** Issues a client certificate with one URI SAN: `issueClient({ spiffeId: 'spiffe://corp.example/api' })`. */
  issueClient(options: IssueOptions & { readonly spiffeId?: string }): Promise<Issued>;
  /** Issues an authority below this one; its leaves carry it in their chain. */
  issueAuthority(name: string, options?: IssueOptions): Promise<TestAuthority>;
  /** Issues a revocation list, PEM. */
  issueRevocations(options?: RevocationsOptions): Promise<string>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const minuteMs = 60_000;

/** Makes a self-signed root: `const pki = await createAuthority('Test Root')`. */
export async function createAuthority(name: string, options: IssueOptions = {}): Promise<TestAuthority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    ...baseParams({ ...options, isAuthority: options.isAuthority ?? true }),
    extensions: await authorityExtensions(options, keys.publicKey),
  });
  return authorityOf(name, { keys, certificate, above: [] });
}

interface AuthorityParts {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly certificate: x509.X509Certificate;
  /** Intermediates from this one upwards, without the root. */
  readonly above: readonly x509.X509Certificate[];
}

async function authorityOf(name: string, parts: AuthorityParts): Promise<TestAuthority> {
  const issue = (options: IssueOptions, extendedUsage: string): Promise<Issued> =>
    issueLeaf(parts, { extendedUsages: [extendedUsage], ...options });
  return {
    name,
    certificatePem: parts.certificate.toString('pem'),
    certificate: new Uint8Array(parts.certificate.rawData),
    keyPem: await keyPem(parts.keys.privateKey),
    issueServer: (options) => issue(options, x509.ExtendedKeyUsage.serverAuth),
    issueClient: ({ spiffeId, ...options }) =>
      issue({ ...options, ...(spiffeId === undefined ? {} : { uris: [spiffeId] }) }, x509.ExtendedKeyUsage.clientAuth),
    issueAuthority: (below, options) => issueBelow(parts, below, options ?? {}),
    issueRevocations: (options) => issueRevocations(parts, options ?? {}),
  };
}

async function issueLeaf(parts: AuthorityParts, options: IssueOptions): Promise<Issued> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    issuer: parts.certificate.subjectName,
    publicKey: keys.publicKey,
    signingKey: parts.keys.privateKey,
    ...baseParams(options),
    extensions: leafExtensions(options),
  });
  const all = [certificate, ...parts.above];
  return {
    certificatePem: certificate.toString('pem'),
    keyPem: await keyPem(keys.privateKey),
    chainPem: all.map((each) => each.toString('pem')).join('\n'),
    chain: all.map((each) => new Uint8Array(each.rawData)),
    serial: certificate.serialNumber,
  };
}

async function issueBelow(parts: AuthorityParts, name: string, options: IssueOptions): Promise<TestAuthority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: parts.certificate.subjectName,
    publicKey: keys.publicKey,
    signingKey: parts.keys.privateKey,
    ...baseParams(options),
    extensions: await authorityExtensions(options, keys.publicKey),
  });
  return authorityOf(name, { keys, certificate, above: [certificate, ...parts.above] });
}

async function issueRevocations(parts: AuthorityParts, options: RevocationsOptions): Promise<string> {
  const list = await x509.X509CrlGenerator.create({
    issuer: options.issuer ?? parts.certificate.subjectName,
    thisUpdate: new Date(options.thisUpdate ?? Date.now() - 5 * minuteMs),
    nextUpdate: new Date(options.nextUpdate ?? Date.now() + 60 * minuteMs),
    signingAlgorithm: algorithm,
    signingKey: parts.keys.privateKey,
    entries: (options.serials ?? []).map((serialNumber) => ({ serialNumber, revocationDate: new Date() })),
  });
  return list.toString('pem');
}

function baseParams(options: IssueOptions): x509.X509CertificateCreateParamsBase {
  return {
    // The top bit is cleared so that the number stays positive in DER.
    serialNumber: options.serial ?? `0${randomBytes(16).toString('hex').slice(1)}`,
    notBefore: new Date(options.notBefore ?? Date.now() - 5 * minuteMs),
    notAfter: new Date(options.notAfter ?? Date.now() + 60 * minuteMs),
    signingAlgorithm: algorithm,
  };
}

function alternativeNames(options: IssueOptions): x509.Extension[] {
  const names: x509.JsonGeneralNames = [
    ...(options.names ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(options.addresses ?? []).map((value) => ({ type: 'ip' as const, value })),
    ...(options.uris ?? []).map((value) => ({ type: 'url' as const, value })),
  ];
  return names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names, true)];
}

function leafExtensions(options: IssueOptions): x509.Extension[] {
  const usages = options.usages === undefined ? x509.KeyUsageFlags.digitalSignature : options.usages;
  const extended = [...(options.extendedUsages ?? [])];
  return [
    new x509.BasicConstraintsExtension(options.isAuthority ?? false, undefined, true),
    ...(usages === null ? [] : [new x509.KeyUsagesExtension(usages, true)]),
    ...(extended.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(extended)]),
    ...alternativeNames(options),
    ...(options.extensions ?? []),
  ];
}

async function authorityExtensions(options: IssueOptions, key: webcrypto.CryptoKey): Promise<x509.Extension[]> {
  const usages =
    options.usages === undefined ? x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign : options.usages;
  return [
    new x509.BasicConstraintsExtension(options.isAuthority ?? true, undefined, true),
    ...(usages === null ? [] : [new x509.KeyUsagesExtension(usages, true)]),
    await x509.SubjectKeyIdentifierExtension.create(key),
    ...alternativeNames(options),
    ...(options.extensions ?? []),
  ];
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}
