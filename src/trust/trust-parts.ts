import { readFileSync } from 'node:fs';
import { ExeatError } from '../base/index.ts';
import { type CredentialIndex, indexCredentials } from './check-credential.ts';
import type { TokenIssuer } from './check-token.ts';
import { parseCredentialFile } from './credential-file.ts';
import { createKeysFetcher } from './fetch-keys.ts';
import { createFilePart, type FilePart } from './file-part.ts';
import { type KeySet, parseKeySet } from './key-set.ts';
import { createFileKeySource } from './key-source.ts';
import { createRemoteKeys, type RemoteKeys } from './remote-keys.ts';
import { parseRevocations, type Revocations } from './revocations.ts';
import { parseServerIdentity, type ServerIdentity } from './tls-material.ts';
import { parseTrustBundle, type TrustBundle } from './trust-bundle.ts';
import {
  defaultKeysCooldownMs,
  defaultKeysMaxStaleMs,
  defaultKeysRefreshMs,
  defaultMaxTokenAgeMs,
  type TrustedIssuerOptions,
  type TrustOptions,
} from './trust-options.ts';

/** Every piece of trust material that the options ask for; null where they do not. */
export interface TrustParts {
  readonly credentials: FilePart<CredentialIndex> | null;
  readonly server: FilePart<ServerIdentity> | null;
  readonly bundle: FilePart<TrustBundle> | null;
  readonly revocations: FilePart<Revocations> | null;
  readonly keyFiles: readonly FilePart<KeySet>[];
  readonly remoteKeys: readonly RemoteKeys[];
  readonly issuers: ReadonlyMap<string, TokenIssuer>;
  /** Every part that is kept from files. */
  readonly files: readonly FilePart<unknown>[];
}

/** Makes the parts; nothing is read yet but the authorities of key URLs. Throws on options that contradict themselves. */
export function createTrustParts(options: TrustOptions, onKeysChange: () => void): TrustParts {
  const { clock, log } = options;
  const tls = options.tls ?? null;
  const part = <T>(name: string, paths: readonly string[], parse: Parse<T>): FilePart<T> =>
    createFilePart({ name, paths, parse, clock, log });
  const credentials = whereSet(options.credentials, (path) =>
    part('credentials', [path], ([text = '']) => {
      const parsed = parseCredentialFile(text, clock.now());
      return parsed.ok ? { ok: true, value: indexCredentials(parsed.value) } : parsed;
    }),
  );
  const server = whereSet(tls, ({ certificate, key }) =>
    part('listener certificate', [certificate, key], ([cert = '', own = '']) => parseServerIdentity(cert, own)),
  );
  const bundle = whereSet(tls?.clientBundle, (path) =>
    part('client bundle', [path], ([pem = '']) => parseTrustBundle(pem)),
  );
  const revocations = whereSet(tls?.revocations, (path) =>
    part<Revocations>('revocations', [path], ([pem = ''], inForce) => parseRevocations(pem, inForce)),
  );
  const keys = createIssuers(options, onKeysChange);
  const present = [credentials, server, bundle, revocations].filter((each) => each !== null);
  return { credentials, server, bundle, revocations, ...keys, files: [...present, ...keys.keyFiles] };
}

type Parse<T> = Parameters<typeof createFilePart<T>>[0]['parse'];

function whereSet<T, R>(value: T | null | undefined, make: (value: T) => R): R | null {
  return value === null || value === undefined ? null : make(value);
}

function createIssuers(
  options: TrustOptions,
  onKeysChange: () => void,
): Pick<TrustParts, 'issuers' | 'keyFiles' | 'remoteKeys'> {
  const issuers = new Map<string, TokenIssuer>();
  const keyFiles: FilePart<KeySet>[] = [];
  const remoteKeys: RemoteKeys[] = [];
  for (const each of options.issuers ?? []) {
    if (issuers.has(each.issuer))
      throw new TypeError(`"issuers" lists \`${each.issuer}\` twice; list each issuer once`);
    const common = {
      issuer: each.issuer,
      audience: each.audience,
      trustDomain: each.trustDomain ?? null,
      maxTokenAgeMs: each.maxTokenAgeMs ?? defaultMaxTokenAgeMs,
    };
    if (each.jwks.kind === 'file') {
      const { clock, log } = options;
      const parse: Parse<KeySet> = ([text = '']) => parseKeySet(text);
      const part = createFilePart({ name: `keys of ${each.issuer}`, paths: [each.jwks.path], parse, clock, log });
      keyFiles.push(part);
      issuers.set(each.issuer, { ...common, keys: createFileKeySource(part) });
    } else {
      const remote = createRemote(options, each, { url: each.jwks.url, onChange: onKeysChange });
      remoteKeys.push(remote);
      issuers.set(each.issuer, { ...common, keys: remote });
    }
  }
  return { issuers, keyFiles, remoteKeys };
}

function createRemote(
  options: TrustOptions,
  issuer: TrustedIssuerOptions,
  from: { readonly url: string; readonly onChange: () => void },
): RemoteKeys {
  if (!URL.canParse(from.url) || new URL(from.url).protocol !== 'https:') {
    throw new TypeError(`"issuers" takes keys from an https URL or a file, not from \`${from.url}\``);
  }
  return createRemoteKeys({
    issuer: issuer.issuer,
    fetcher: createKeysFetcher(from.url, readAuthorities(issuer.authorities ?? null)),
    clock: options.clock,
    log: options.log,
    refreshMs: options.keysRefreshMs ?? defaultKeysRefreshMs,
    cooldownMs: options.keysCooldownMs ?? defaultKeysCooldownMs,
    maxStaleMs: options.keysMaxStaleMs ?? defaultKeysMaxStaleMs,
    onChange: from.onChange,
  });
}

function readAuthorities(path: string | null): string | null {
  if (path === null) return null;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ExeatError(
      'file_unreadable',
      `\`${path}\` cannot be read; give the PEM file of the issuer's authorities`,
      {
        cause: error,
      },
    );
  }
}
