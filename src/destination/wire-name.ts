import { failed, fault, ok, quoteInput, type Result } from '../base/index.ts';
import { isValidALabel } from './a-label.ts';
import type { DestinationFault } from './destination-fault.ts';

// RFC 1035 section 2.3.4: 255 octets on the wire are 253 characters of text.
const longestName = 253;
const longestLabel = 63;
const nameBytes = /^[A-Za-z0-9_.-]+$/;
// Resolvers and URL parsers read a last label that is a number as an IPv4 address (WHATWG URL, "ends in a number").
const numberLabel = /^(?:[0-9]+|0x[0-9a-f]*)$/;

/**
 * Reads a name as the wire may spell it: ASCII letters, digits, hyphen and underscore in labels of 1-63, at most 253 in all;
 * case is folded, one trailing dot dropped, valid A-labels kept. Fault: `name_malformed`.
 */
export function parseWireName(text: string): Result<string, DestinationFault> {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  if (name === '') return refuse(text, 'is empty: write a host name');
  if (!nameBytes.test(name))
    return refuse(text, 'may hold only ASCII letters, digits, hyphens and underscores between dots');
  if (name.length > longestName) return refuse(text, `is longer than ${longestName} characters`);
  return checkLabels(text, name.toLowerCase());
}

function checkLabels(text: string, name: string): Result<string, DestinationFault> {
  let start = 0;
  while (start <= name.length) {
    const dot = name.indexOf('.', start);
    const end = dot < 0 ? name.length : dot;
    if (end === start || end - start > longestLabel)
      return refuse(text, `needs labels of 1-${longestLabel} characters`);
    if (name.startsWith('xn--', start) && !isValidALabel(name.slice(start, end))) {
      return refuse(text, 'holds an xn-- label that is not a valid A-label');
    }
    if (dot < 0) break;
    start = end + 1;
  }
  if (numberLabel.test(name.slice(start))) {
    return refuse(text, 'ends in a number: write an IPv4 address as four decimal numbers without leading zeros');
  }
  return ok(name);
}

function refuse(text: string, why: string): Result<never, DestinationFault> {
  return failed(fault('name_malformed', `${quoteInput(text)} ${why}`));
}
