const base = 36;
const tMin = 1;
const tMax = 26;
const skew = 38;
const damp = 700;
const initialBias = 72;
const firstNonAscii = 128;
const lastCodePoint = 0x10ffff;

/**
 * Whether a lower-case label starting `xn--` is a valid A-label: it decodes (RFC 3492) to a U-label whose UTS 46 ToASCII is that
 * same label. The platform's URL parser passes ASCII labels unread, so the decoding is done here and the encoding there.
 */
export function isValidALabel(label: string): boolean {
  const points = decodePunycode(label.slice('xn--'.length));
  if (points?.some((point) => point >= firstNonAscii) !== true) return false;
  const url = `http://${String.fromCodePoint(...points)}.test/`;
  return URL.canParse(url) && new URL(url).hostname === `${label}.test`;
}

// RFC 3492 section 6.2. A label has at most 63 characters, which bounds both loops.
function decodePunycode(text: string): number[] | null {
  const delimiter = text.lastIndexOf('-');
  const output = Array.from(text.slice(0, Math.max(delimiter, 0)), (character) => character.charCodeAt(0));
  let point = firstNonAscii;
  let bias = initialBias;
  let index = 0;
  let at = delimiter < 0 ? 0 : delimiter + 1;
  while (at < text.length) {
    const step = readVariableInteger(text, at, bias);
    if (step === null) return null;
    at = step.next;
    const next = index + step.value;
    const length = output.length + 1;
    bias = adaptBias(step.value, length, index === 0 && length === 1 + Math.max(delimiter, 0));
    point += Math.floor(next / length);
    if (!isScalar(point)) return null;
    index = next % length;
    output.splice(index, 0, point);
    index += 1;
  }
  return output;
}

function readVariableInteger(text: string, from: number, bias: number): { value: number; next: number } | null {
  let value = 0;
  let weight = 1;
  for (let at = from, k = base; at < text.length; at++, k += base) {
    const digit = digitAt(text, at);
    if (digit === null) return null;
    value += digit * weight;
    if (value > lastCodePoint * 64) return null;
    const threshold = Math.min(Math.max(k - bias, tMin), tMax);
    if (digit < threshold) return { value, next: at + 1 };
    weight *= base - threshold;
  }
  return null;
}

function digitAt(text: string, at: number): number | null {
  const code = text.charCodeAt(at);
  if (code >= 97 && code <= 122) return code - 97;
  return code >= 48 && code <= 57 ? code - 22 : null;
}

function adaptBias(delta: number, length: number, isFirst: boolean): number {
  let left = isFirst ? Math.floor(delta / damp) : Math.floor(delta / 2);
  left += Math.floor(left / length);
  let k = 0;
  for (; left > ((base - tMin) * tMax) / 2; k += base) left = Math.floor(left / (base - tMin));
  return k + Math.floor(((base - tMin + 1) * left) / (left + skew));
}

function isScalar(point: number): boolean {
  return point <= lastCodePoint && (point < 0xd800 || point > 0xdfff);
}
