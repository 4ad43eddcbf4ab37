import { failed, fault, ok, type Result } from '../base/index.ts';
import type { CliIo } from './cli-io.ts';

/** What decides where the API is. `configured` is `console.url`, asked for only where nothing else says it; null when that has faults. */
export interface AddressSources {
  readonly flag: string | null;
  readonly env: CliIo['env'];
  readonly configured: () => string | null;
}

/**
 * Where the API is: `--api`, else `EXEAT_API`, else `console.url` of the configuration. Null after the faults of the configuration were
 * told. Faults: `api_address_malformed`, `cleartext_refused`.
 */
export function readApiAddress({ flag, env, configured }: AddressSources): Result<URL> | null {
  const named = flag ?? env['EXEAT_API'] ?? null;
  const text = named ?? configured();
  if (text === null) return null;
  const url = parseBase(named === null ? reachable(text) : text);
  return url === null ? failed(malformed(text)) : checkCleartext(url, env);
}

/** The URL of an endpoint's path below the base. */
export function endpointUrl(base: URL, path: string): URL {
  return new URL(`${base.href.replace(/\/+$/, '')}/api/v1${path}`);
}

function parseBase(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return null;
  // A secret in the address would be in the history of the shell; port 0 is a wish and no place.
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return isPlain && url.port !== '0' ? url : null;
}

// `listen.console` may be every address, which is none to connect to.
function reachable(text: string): string {
  return text.replace(/^(https?:\/\/)0\.0\.0\.0(?=[:/]|$)/, '$1127.0.0.1').replace(/^(https?:\/\/)\[::\]/, '$1[::1]');
}

function malformed(text: string): ReturnType<typeof fault> {
  return fault(
    'api_address_malformed',
    `\`${text}\` is no address of the API, write \`https://exeat.example.com\` or \`http://127.0.0.1:8440\` after \`--api\``,
  );
}

// Whoever reads the wire between would hold the token, and with it everything that its person may do.
function checkCleartext(url: URL, env: CliIo['env']): Result<URL> {
  if (url.protocol === 'https:' || isLoopback(url.hostname) || env['EXEAT_API_CLEARTEXT'] === '1') return ok(url);
  const message = `\`${url.origin}\` is another machine in clear text, use \`https://\`; \`EXEAT_API_CLEARTEXT=1\` sends secrets there all the same`;
  return failed(fault('cleartext_refused', message));
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
