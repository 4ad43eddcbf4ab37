/** The DER of every block with this label, in order: `readPem(text, 'CERTIFICATE')`. Text around blocks is passed over. */
export function readPem(text: string, label: 'CERTIFICATE' | 'X509 CRL' | 'CRL'): readonly Uint8Array[] {
  const blocks: Uint8Array[] = [];
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  // Searched by index, not by pattern: a hostile file must not cost more than its length.
  for (let from = text.indexOf(begin); from !== -1; from = text.indexOf(begin, from + 1)) {
    const to = text.indexOf(end, from);
    if (to === -1) break;
    blocks.push(new Uint8Array(Buffer.from(text.slice(from + begin.length, to), 'base64')));
  }
  return blocks;
}
