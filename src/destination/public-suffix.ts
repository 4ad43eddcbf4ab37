import { getDomain, getPublicSuffix } from 'tldts';

// Names are canonical already, so tldts need not look for a host in them. The private section is shared tenancy: `github.io`,
// `s3.amazonaws.com`. Strangers live under each of them side by side.
const options = {
  allowPrivateDomains: true,
  extractHostname: false,
  validateHostname: false,
  detectIp: false,
} as const;

/** The part of a canonical name that one party registered: `a.b.example.co.uk` gives `example.co.uk`; null for a public suffix itself. */
export function registrableDomain(name: string): string | null {
  return getDomain(name, options);
}

/** The public suffix of a canonical name, private section included: `x.github.io` gives `github.io`; null where there is none. */
export function publicSuffixOf(name: string): string | null {
  return getPublicSuffix(name, options);
}

/** Whether a canonical name is itself a public suffix, of the private section too: `com`, `co.uk`, `github.io`. */
export function isPublicSuffix(name: string): boolean {
  return publicSuffixOf(name) === name;
}
