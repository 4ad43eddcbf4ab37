/** Words at the end of a key that say that its value is a host or a list of hosts. */
const hostWord =
  /(?:^|[._-])(?:hosts?|host_?names?|host_?port|endpoints?|servers?|server_?names?|address(?:es)?|addrs?|fqdns?|brokers?|broker_?list|seeds?|contact_?points|nodes|peers|ur[il]s?|dsn|registry|mirror|proxy|upstreams?|remote|relay|smarthost|gateway|target|sni)$/;

/** Keys of what the program offers itself, and of lists that allow callers in. */
const inboundWord =
  /(?:^|[._-])(?:listen|bind|binding|advertised?|allowed|virtual|ingress|cors|origins?|cookie|public|own|self|node_name|pod|server_name|no_proxy)(?:$|[._-])|^(?:server\.(?:address|host)|hostname|host_?name|no_proxy)$/;

const secretWord = /pass|pwd|secret|token|cred|auth|login|user|private|key|signature|salt|cookie|session|cert/;

/** Whether a key says that its value is a host: `DB_HOST`, `spring.redis.host`, `bootstrapServers`, `SMTP_ENDPOINT`. */
export function isHostKey(key: string): boolean {
  const word = snakeCase(key);
  return hostWord.test(word) && !inboundWord.test(word);
}

/** Whether a key is about what comes in: `LISTEN_ADDRESS`, `ALLOWED_HOSTS`, `server.address`. */
export function isInboundKey(key: string): boolean {
  return inboundWord.test(snakeCase(key));
}

/** Whether a key says that its value may be a secret or a name of somebody: nothing but URLs is looked for in there. */
export function isSecretKey(key: string): boolean {
  return secretWord.test(snakeCase(key));
}

/** The key of the port that goes with a host key: `DB_HOST` gives `DB_PORT`, `redis.host` gives `redis.port`; null for other keys. */
export function portKeyOf(key: string): string | null {
  const found = /^(.*?)(host_?name|host|server|endpoint|address|addr|url)$/i.exec(key);
  if (found === null) return null;
  const word = found[2] ?? '';
  const port = word === word.toUpperCase() ? 'PORT' : /^[A-Z]/.test(word) ? 'Port' : 'port';
  return `${found[1] ?? ''}${port}`;
}

/** `bootstrapServers` as `bootstrap_servers`, `spring.redis.HOST` as `spring.redis.host`. */
function snakeCase(key: string): string {
  return key
    .slice(-200)
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
