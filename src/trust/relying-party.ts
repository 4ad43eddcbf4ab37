import { isIP } from 'node:net';
import { failed, fault, ok, type Result } from '../base/index.ts';

/** What passkeys are bound to: the name of our pages (`rp.id` of WebAuthn) and the one origin that they are used at. */
export interface RelyingParty {
  /** `exeat.example.com`. */
  readonly id: string;
  /** `https://exeat.example.com`. */
  readonly origin: string;
}

/**
 * What passkeys are bound to where the console is at `url`. WebAuthn knows names and no addresses, so loopback is `localhost`. Fault:
 * `passkeys_off`, with what to set.
 */
export function relyingPartyOf(url: string): Result<RelyingParty> {
  const { protocol, hostname, port } = new URL(url);
  const name = isLoopback(hostname) ? 'localhost' : hostname;
  const isAddress = isIP(name.replace(/^\[|\]$/g, '')) !== 0;
  if (isAddress || (protocol !== 'https:' && name !== 'localhost' && !name.endsWith('.localhost'))) {
    const said = `browsers use passkeys by name and over https, and \`console.url\` is \`${url}\`: set it to one like \`https://exeat.example.com\``;
    return failed(fault('passkeys_off', said));
  }
  return ok({ id: name, origin: `${protocol}//${name}${port === '' ? '' : `:${port}`}` });
}

function isLoopback(hostname: string): boolean {
  return hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
}
