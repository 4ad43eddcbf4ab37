/** Whether a text is an Ed25519 public key: SPKI, base64. 12 bytes of SPKI (RFC 8410) and 32 of the key are 60 characters. */
export function isPublicKey(text: string): boolean {
  return /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$/.test(text);
}
