/**
 * A text as a key of ASCII characters, one to one: `%` and everything past ASCII become `%` and four hexadecimal digits.
 * Lookups compare characters with stored bytes; without this a claim in UTF-8 could equal another claim in Latin-1.
 */
export function asciiKey(text: string): string {
  if (!/[^\u0020-\u007e]|%/.test(text)) return text;
  return text.replace(/[^\u0020-\u007e]|%/g, (found) => {
    let escaped = '';
    for (let i = 0; i < found.length; i++) escaped += `%${found.charCodeAt(i).toString(16).padStart(4, '0')}`;
    return escaped;
  });
}

/**
 * The keys under which identities are found: by SPIFFE id, credential name, token issuer with one claim, issuer alone, local name, or source of
 * leases with the service that it names.
 */
export const identityKey = {
  spiffe: (id: string): string => asciiKey(`spiffe ${id}`),
  credential: (name: string): string => asciiKey(`credential ${name}`),
  local: (name: string): string => asciiKey(`local ${name}`),
  leased: (source: string, service: string): string => asciiKey(`leased ${source} ${service}`),
  issuer: (issuer: string): string => asciiKey(`issuer ${issuer}`),
  claim: (issuer: string, name: string, value: string): string =>
    asciiKey(`claim ${issuer.length} ${name.length} ${issuer} ${name} ${value}`),
} as const;
