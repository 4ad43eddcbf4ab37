const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const strictForm = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const digits = new Uint8Array(128);
for (let i = 0; i < alphabet.length; i++) digits[alphabet.charCodeAt(i)] = i;

/**
 * Decodes base64 (RFC 4648 section 4) with its padding and with zero bits left over, or gives null: two spellings of one secret
 * would be two entries in whatever remembers it.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | null {
  if (!strictForm.test(text)) return null;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < text.length - padding; i++) {
    held = ((held << 6) | (digits[text.charCodeAt(i)] ?? 0)) & 0xfff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (held >>> bits) & 255;
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : null;
}

/** Bytes as base64 (RFC 4648 section 4) with its padding. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
    const held = (first << 16) | (second << 8) | third;
    text += `${sextet(held, 18)}${sextet(held, 12)}${sextet(held, 6)}${sextet(held, 0)}`;
  }
  const padding = (3 - (bytes.length % 3)) % 3;
  return text.slice(0, text.length - padding) + '='.repeat(padding);
}

function sextet(held: number, shift: number): string {
  return alphabet.charAt((held >>> shift) & 63);
}
