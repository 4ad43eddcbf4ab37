import { createSecureContext, type SecureContext } from 'node:tls';
import type { ProxyTls } from '../../proxy/index.ts';
import type { Trust } from '../../trust/index.ts';

/** TLS of the proxy listener from what trust holds now, null where none is configured. A replaced certificate is used from the next handshake on. */
export function createProxyTls(trust: Trust): ProxyTls | null {
  const first = trust.tlsServerOptions();
  if (first === null) return null;
  let context: SecureContext = createSecureContext(first);
  trust.onTlsChange((options) => {
    context = createSecureContext(options);
  });
  return { context: () => context, requestCertificate: first.requestCert };
}
