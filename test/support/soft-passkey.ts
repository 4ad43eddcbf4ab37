import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import type { AssertionBody, RegistrationBody } from '../../src/api/contract/index.ts';

/** What a browser would tell a passkey of the page that asks; a test that attacks tells it something else. */
export interface PageOfPasskey {
  readonly challenge: string;
  readonly origin: string;
  readonly rpId: string;
  readonly crossOrigin?: boolean;
  /** Whether it verified who uses it. Default: true. */
  readonly isVerified?: boolean;
  /** `webauthn.create` and `webauthn.get` where nothing else is said. */
  readonly type?: string;
}

/** A passkey in software (WebAuthn Level 3, ES256, attestation `none`), that signs whatever it is told to. */
export interface SoftPasskey {
  readonly credentialId: string;
  /** What it tells next, and counts on from. */
  signCount: number;
  create(page: PageOfPasskey): RegistrationBody;
  sign(page: PageOfPasskey): AssertionBody;
}

/** Makes one. */
export function makeSoftPasskey(): SoftPasskey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const id = randomBytes(32);
  const passkey: SoftPasskey = {
    credentialId: id.toString('base64url'),
    signCount: 0,
    create: (page) => {
      const attested = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, coseOf(publicKey)]);
      const data = authenticatorData(page, 0x40, passkey.signCount, attested);
      return {
        id: passkey.credentialId,
        clientDataJSON: clientData(page, 'webauthn.create').toString('base64url'),
        attestationObject: attestationOf(data).toString('base64url'),
        transports: ['internal'],
      };
    },
    sign: (page) => {
      passkey.signCount += 1;
      const data = authenticatorData(page, 0, passkey.signCount);
      const client = clientData(page, 'webauthn.get');
      const hash = createHash('sha256').update(client).digest();
      return {
        id: passkey.credentialId,
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: signatureOf(privateKey, Buffer.concat([data, hash])).toString('base64url'),
      };
    },
  };
  return passkey;
}

function clientData({ challenge, origin, crossOrigin = false, type }: PageOfPasskey, usual: string): Buffer {
  return Buffer.from(JSON.stringify({ type: type ?? usual, challenge, origin, crossOrigin }));
}

// Flags of WebAuthn 6.1: user present 0x01, user verified 0x04, attested data included 0x40.
function authenticatorData(
  { rpId, isVerified = true }: PageOfPasskey,
  flags: number,
  count: number,
  rest = Buffer.alloc(0),
): Buffer {
  const counted = Buffer.alloc(4);
  counted.writeUInt32BE(count);
  const hash = createHash('sha256').update(rpId).digest();
  return Buffer.concat([hash, Buffer.from([flags | 0x01 | (isVerified ? 0x04 : 0)]), counted, rest]);
}

/** COSE_Key of P-256 (RFC 9053): kty EC2, alg ES256, crv P-256, x, y. */
function coseOf(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const head = Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
  return Buffer.concat([
    head,
    Buffer.from(x, 'base64url'),
    Buffer.from([0x22, 0x58, 0x20]),
    Buffer.from(y, 'base64url'),
  ]);
}

/** CBOR of `{ fmt: 'none', attStmt: {}, authData }`. */
function attestationOf(data: Buffer): Buffer {
  const text = (word: string): Buffer => Buffer.from([0x60 + word.length, ...Buffer.from(word)]);
  const length = Buffer.from([0x59, data.length >> 8, data.length & 0xff]);
  return Buffer.concat([
    Buffer.from([0xa3]),
    ...[text('fmt'), text('none'), text('attStmt'), Buffer.from([0xa0]), text('authData'), length, data],
  ]);
}

function signatureOf(key: KeyObject, bytes: Buffer): Buffer {
  return createSign('sha256').update(bytes).sign(key);
}
