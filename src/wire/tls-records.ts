/** Content types of TLS records (RFC 8446 section 5.1). */
export const recordTypes = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

/** The length of a record header. */
export const recordHeaderBytes = 5;

// RFC 5246 section 6.2.3: 2^14 and 2048 of expansion. TLS 1.3 allows 256, but servers go by the wider bound.
const longestRecord = 18_432;

/** The header of a record at some place: its type and where its fragment ends. */
export interface RecordHeader {
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the record header at `at`: null while it has not come whole, `not_tls` when no server could take it for one. The minor version
 * says nothing: RFC 8446 section 5.1 has it ignored, and servers do (rustls takes any), so a hello may stand behind any of them.
 */
export function readRecordHeader(bytes: Uint8Array, at: number): RecordHeader | 'not_tls' | null {
  const type = bytes[at] ?? 22;
  const major = bytes[at + 1] ?? 3;
  if (type < 20 || type > 24 || major !== 3) return 'not_tls';
  if (at + recordHeaderBytes > bytes.length) return null;
  const length = (bytes[at + 3] ?? 0) * 256 + (bytes[at + 4] ?? 0);
  if (length > longestRecord) return 'not_tls';
  return { type, start: at + recordHeaderBytes, end: at + recordHeaderBytes + length };
}
