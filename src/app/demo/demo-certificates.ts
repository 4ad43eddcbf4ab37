import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** An authority of one start and the certificate of the demo origin, PEM. */
export interface DemoCertificates {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

// Made afresh at each start and kept by nobody, so a day is plenty.
const lifeMs = 24 * 3_600_000;
// Clocks of clients on the same machine agree; a minute covers a start within the same second.
const backdatedMs = 60_000;

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Makes an authority and a server certificate for the names. The authority's key never leaves this function. */
export async function makeDemoCertificates(names: readonly string[], nowMs: number): Promise<DemoCertificates> {
  const validity = { notBefore: new Date(nowMs - backdatedMs), notAfter: new Date(nowMs + lifeMs) };
  const authorityKeys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const authority = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Exeat demo authority',
    keys: authorityKeys,
    ...validity,
    extensions: [new BasicConstraintsExtension(true, 0, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)],
  });
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${names[0] ?? 'demo'}`,
    issuer: authority.subjectName,
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
    ...validity,
    extensions: [new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value })))],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    authority: `${authority.toString('pem')}\n`,
    certificate: `${certificate.toString('pem')}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
  };
}
