import { z } from 'zod';
import type { Config } from './config.ts';
import { durationField, jwksField, pathField } from './config-fields.ts';

/** The `tls:` section: TLS to the proxy, and what is asked of client certificates. */
export function tlsSection(folder: string): z.ZodType<Config['tls']> {
  const optional = pathField(folder).nullable().prefault(null);
  return z
    .strictObject({
      certificate: pathField(folder).meta({ description: 'certificate chain of the proxy listener, PEM' }),
      key: pathField(folder).meta({ description: 'its private key, PEM' }),
      clientBundle: optional.meta({
        description: 'authorities of client certificates, PEM; null for no client certificates',
      }),
      revocations: optional.meta({ description: 'revocation lists of those authorities, PEM' }),
      trustDomain: trustDomainField().meta({
        description: 'the one SPIFFE trust domain that client certificates may name; null for any of the bundle',
      }),
      revocationsPastUpdate: z.enum(['refuse', 'accept']).prefault('refuse').meta({
        description:
          'what a revocation list past its next update does: refuse the certificates of its issuer, or accept what it does not list',
      }),
    })
    .refine((tls) => tls.revocations === null || tls.clientBundle !== null, {
      message: '`revocations` needs `clientBundle`, there is nothing to revoke without it',
      path: ['revocations'],
    })
    .refine((tls) => tls.trustDomain === null || tls.clientBundle !== null, {
      message: '`trustDomain` needs `clientBundle`, no client certificate is asked for without it',
      path: ['trustDomain'],
    })
    .refine((tls) => tls.revocationsPastUpdate === 'refuse' || tls.revocations !== null, {
      message: '`revocationsPastUpdate` needs `revocations`, there is no list without it',
      path: ['revocationsPastUpdate'],
    })
    .nullable()
    .prefault(null)
    .meta({ description: 'TLS to the proxy; null for clear text only' });
}

/** The `issuers:` section: whose tokens are trusted. */
export function issuersSection(folder: string): z.ZodType<Config['issuers']> {
  return z
    .array(issuerEntry(folder))
    .max(64)
    .refine((list) => new Set(list.map((one) => one.issuer)).size === list.length, 'an issuer is listed twice')
    .prefault([])
    .meta({ description: 'token issuers that are trusted' });
}

function issuerEntry(folder: string): z.ZodType<Config['issuers'][number]> {
  return z
    .strictObject({
      issuer: z.string().min(1).max(1024).meta({ description: 'exact `iss` of its tokens' }),
      audience: z.string().min(1).max(1024).meta({ description: '`aud` that its tokens must carry' }),
      jwks: jwksField(folder).meta({ description: 'its keys: a path or an https URL' }),
      trustDomain: trustDomainField().meta({
        description: 'SPIFFE trust domain that it speaks for; null for none',
      }),
      authorities: pathField(folder).nullable().prefault(null).meta({
        description:
          'authorities of the server behind the https URL of its keys, PEM, read at the start; null for the public ones',
      }),
      maxTokenAge: durationField('1m', '30d')
        .prefault('24h')
        .meta({ description: 'the oldest a token may be since it was issued, however long it lasts' }),
    })
    .refine((issuer) => issuer.authorities === null || issuer.jwks.kind === 'url', {
      message: '`authorities` needs an https URL in `jwks`, a file is read without TLS',
      path: ['authorities'],
    })
    .transform(({ maxTokenAge, ...issuer }) => ({ ...issuer, maxTokenAgeMs: maxTokenAge }));
}

function trustDomainField(): z.ZodType<string | null> {
  return z
    .string()
    .max(255)
    .regex(/^[a-z0-9._-]+$/, 'a trust domain is `a-z`, `0-9`, `.`, `-`, `_`, such as `corp.example`')
    .nullable()
    .prefault(null);
}
