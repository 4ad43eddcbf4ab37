import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import { readPem } from './read-pem.ts';

/** The listener's own certificate chain and key, checked to belong together. `notAfter` is epoch milliseconds. */
export interface ServerIdentity {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly notAfter: number;
}

/**
 * What a TLS listener takes, both `tls.createServer` and `server.setSecureContext`. Client certificates are asked for when
 * a bundle is configured and never required: whoever shows none may still prove itself otherwise. Node's own verdict on a
 * client's chain is not used, `verify` gives ours; that the client holds the key is proven in the handshake.
 */
export interface TlsServerOptions {
  readonly cert: string;
  readonly key: string;
  /** The authorities that clients are told of, PEM. Default: absent where no client certificate is asked for. */
  readonly ca?: string;
  readonly requestCert: boolean;
  readonly rejectUnauthorized: false;
  readonly minVersion: 'TLSv1.2';
  readonly ALPNProtocols: string[];
  readonly secureOptions: number;
}

/** Parses certificate and key, PEM. Fault: `tls_malformed`; the key's text never is in the message. */
export function parseServerIdentity(
  certificatePem: string,
  keyPem: string,
): Result<ServerIdentity, Fault<'tls_malformed'>> {
  try {
    const [leaf] = readPem(certificatePem, 'CERTIFICATE');
    if (leaf === undefined) return malformed('the certificate of the listener holds no PEM certificate');
    const certificate = new X509Certificate(leaf);
    if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) {
      return malformed('the key of the listener does not belong to its certificate; replace both');
    }
    createSecureContext({ cert: certificatePem, key: keyPem, minVersion: 'TLSv1.2' });
    return ok({ certificatePem, keyPem, notAfter: Date.parse(certificate.validTo) });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return malformed(`the certificate or key of the listener cannot be read (${code}); give PEM without a passphrase`);
  }
}

/** The options of a TLS listener; `bundlePem` null asks for no client certificates. */
export function toServerOptions(identity: ServerIdentity, bundlePem: string | null): TlsServerOptions {
  return {
    cert: identity.certificatePem,
    key: identity.keyPem,
    ...(bundlePem === null ? {} : { ca: bundlePem }),
    requestCert: bundlePem !== null,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    // A resumed session carries the leaf without its intermediates, and proves nothing afresh: every connection shakes hands, once.
    // Renegotiation (TLS 1.2) would bring another certificate after the first one was taken for who asks.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

function malformed(message: string): { readonly ok: false; readonly fault: Fault<'tls_malformed'> } {
  return failed(fault('tls_malformed', message));
}
