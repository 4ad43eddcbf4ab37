// Arguments of one call; a head of the largest size goes in few of these.
const piece = 4096;
// From here on the decoder is faster: it takes a tenth of the time for a head, which is ASCII but for odd ones.
const decodedBytes = 32;
const decoder = new TextDecoder();

/** Bytes as text, one character for each: field values may hold bytes above 0x7f (RFC 9110 section 5.5), which must go on unchanged. */
export function latin1Text(bytes: Uint8Array, start: number, end: number): string {
  if (end - start >= decodedBytes) {
    const decoded = decoder.decode(bytes.subarray(start, end));
    // A byte that is no ASCII is one of several that give one character, or of some that give a replacement: then it was no ASCII.
    if (decoded.length === end - start && !decoded.includes('\ufffd')) return decoded;
  }
  let text = '';
  for (let at = start; at < end; at += piece) {
    // `apply` takes a typed array as it is; a spread would walk it by iterator, five times slower.
    text += String.fromCharCode.apply(null, bytes.subarray(at, Math.min(at + piece, end)) as unknown as number[]);
  }
  return text;
}

/** Text back to bytes, one for each character; characters above 0xff are a caller's mistake and keep their low byte. */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
