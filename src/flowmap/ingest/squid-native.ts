import type { FlowDraft, LineOutcome, ObservationSink, TextId } from '../observation.ts';
import { AuthoritySpan } from './authority-span.ts';
import { ByteCursor } from './byte-cursor.ts';
import { defaultPortOf } from './host-port.ts';
import { decodePercent } from './line-template.ts';
import type { LineParser } from './log-format.ts';
import type { LogLine } from './log-line.ts';
import {
  applicationOf,
  isDigit,
  isDirect,
  isHttp,
  isManager,
  isNothing,
  lower,
  passTag,
  textOf,
} from './squid-bytes.ts';

// Bytes that mean something in a line.
const [percent, dash, dot, slash, colon, open, close] = [37, 45, 46, 47, 58, 91, 93];

/**
 * Reads Squid's native format (`%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt`) from the bytes of a line, in one pass and
 * without making a string or an object: gigabytes of it are read. Squid's other formats go through `squid-record.ts`, which gives the
 * same meaning to the same words.
 */
export class SquidNativeParser implements LineParser {
  readonly #cursor = new ByteCursor();
  #endMs = 0;
  #elapsedMs = 0;
  #status = 0;
  #sizeBytes = 0;
  // Where the parts of the line begin and end.
  #client = 0;
  #clientEnd = 0;
  #code = 0;
  #codeEnd = 0;
  #method = 0;
  #methodEnd = 0;
  #url = 0;
  #urlEnd = 0;
  #user = 0;
  #userEnd = 0;
  #route = 0;
  #routeEnd = 0;
  #peer = 0;
  #peerEnd = 0;
  readonly #target = new AuthoritySpan();

  parse(line: LogLine, sink: ObservationSink): LineOutcome {
    const cursor = this.#cursor;
    cursor.start(line);
    const fault = this.#readHead(cursor) ?? this.#readRequest(cursor);
    if (fault !== null) return fault;
    const { bytes } = line;
    // ICP and HTCP: what caches ask each other, not what clients ask for.
    if (bytes[this.#code] === 85) return 'not_network';
    const isDenied = this.#isDenied(bytes);
    if (isDenied && (this.#status === 407 || this.#status === 401)) return 'challenge';
    const draft = sink.beginFlow();
    const unusable = this.#fillDestination(bytes, draft, sink);
    if (unusable !== null) return unusable;
    draft.isDenied = isDenied;
    this.#fillRest(bytes, draft, sink);
    return sink.endFlow();
  }

  // Time, elapsed, client, code/status, size.
  #readHead(cursor: ByteCursor): LineOutcome | null {
    if (!this.#readTime(cursor)) return 'other_format';
    cursor.blanks();
    this.#elapsedMs = cursor.digits();
    if (this.#elapsedMs < 0) return 'bad_number';
    if (!cursor.blanks()) return 'other_format';
    this.#client = cursor.at;
    this.#clientEnd = cursor.toBlank();
    cursor.blanks();
    this.#code = cursor.at;
    this.#codeEnd = cursor.to(slash);
    if (!cursor.take(slash)) return 'bad_fields';
    // `000`, or `-` where nothing was answered.
    this.#status = cursor.take(dash) ? 0 : cursor.digits();
    if (this.#status < 0 || !cursor.blanks()) return 'other_format';
    this.#sizeBytes = cursor.digits();
    return this.#sizeBytes < 0 ? 'bad_number' : null;
  }

  // The time is that of the END of the request, in seconds and milliseconds.
  #readTime(cursor: ByteCursor): boolean {
    if (!isDigit(cursor.bytes[cursor.at])) passTag(cursor);
    const seconds = cursor.digits();
    if (seconds < 0 || !cursor.take(dot)) return false;
    const from = cursor.at;
    const fraction = cursor.digits();
    if (fraction < 0) return false;
    const milliseconds = cursor.at - from === 3 ? fraction : Math.floor((fraction / 10 ** (cursor.at - from)) * 1000);
    this.#endMs = seconds * 1000 + milliseconds;
    return cursor.blanks();
  }

  // Method, URL, user, how it was fetched/from whom.
  #readRequest(cursor: ByteCursor): LineOutcome | null {
    if (!cursor.blanks()) return 'bad_fields';
    this.#method = cursor.at;
    this.#methodEnd = cursor.toBlank();
    cursor.blanks();
    this.#url = cursor.at;
    this.#urlEnd = cursor.toBlank();
    cursor.blanks();
    this.#user = cursor.at;
    this.#userEnd = cursor.toBlank();
    cursor.blanks();
    this.#route = cursor.at;
    const end = cursor.toBlank();
    if (!this.#splitRoute(cursor.bytes, end)) return this.#readBlankUser(cursor);
    return null;
  }

  #splitRoute(bytes: Uint8Array, end: number): boolean {
    let split = this.#route;
    while (split < end && bytes[split] !== slash) split += 1;
    if (split === end) return false;
    this.#routeEnd = split;
    this.#peer = split + 1;
    this.#peerEnd = end;
    return true;
  }

  // Squid leaves blanks in user names, so what should be the route is a part of the name: the first word with a slash is the route.
  #readBlankUser(cursor: ByteCursor): LineOutcome | null {
    while (cursor.blanks()) {
      this.#userEnd = cursor.at - 1;
      this.#route = cursor.at;
      if (this.#splitRoute(cursor.bytes, cursor.toBlank())) return null;
    }
    return 'bad_fields';
  }

  // TCP_DENIED, TCP_DENIED_REPLY, TCP_DENIED_ABORTED.
  #isDenied(bytes: Uint8Array): boolean {
    const code = this.#code + 4;
    return (
      this.#codeEnd - code >= 6 &&
      bytes[code] === 68 &&
      bytes[code + 1] === 69 &&
      bytes[code + 2] === 78 &&
      bytes[code + 3] === 73 &&
      bytes[code + 4] === 69 &&
      bytes[code + 5] === 68
    );
  }

  #isConnect(bytes: Uint8Array): boolean {
    const method = this.#method;
    return (
      this.#methodEnd - method === 7 &&
      bytes[method] === 67 &&
      bytes[method + 1] === 79 &&
      bytes[method + 2] === 78 &&
      bytes[method + 6] === 84
    );
  }

  #fillDestination(bytes: Uint8Array, draft: FlowDraft, sink: ObservationSink): LineOutcome | null {
    const target = this.#target;
    draft.address = this.#peerAddress(bytes, sink);
    if (this.#isConnect(bytes)) {
      target.readAuthority(bytes, this.#url, this.#urlEnd);
      draft.nameKind = 'connect';
      draft.application = 'tunnel';
      // A CONNECT that Squid answered itself is bumped or spliced: what then comes out of the tunnel has records of its own.
      if (this.#status === 200 && this.#isWithoutUpstream(bytes)) draft.connections = 0;
    } else if (target.readUrl(bytes, this.#url, this.#urlEnd)) {
      draft.nameKind = 'url';
      if (!this.#fillScheme(bytes, draft)) return 'not_network';
    }
    if (target.port > 65_535) return 'bad_number';
    draft.port = target.port;
    draft.name = sink.span(bytes, target.host, target.hostEnd);
    if (draft.name !== 0) return null;
    draft.nameKind = 'none';
    return draft.address === 0 ? 'no_destination' : null;
  }

  // False: what is asked for is Squid itself.
  #fillScheme(bytes: Uint8Array, draft: FlowDraft): boolean {
    const target = this.#target;
    const schemeBytes = target.schemeEnd - this.#url;
    if (schemeBytes === 4 && isHttp(bytes, this.#url)) {
      draft.application = 'http';
      if (target.port < 0) target.port = 80;
      return !isManager(bytes, target.authorityEnd, this.#urlEnd);
    }
    if (schemeBytes === 5 && isHttp(bytes, this.#url) && lower(bytes[this.#url + 4]) === 115) {
      draft.application = 'tls';
      if (target.port < 0) target.port = 443;
      return true;
    }
    const scheme = textOf(bytes, this.#url, target.schemeEnd).toLowerCase();
    draft.application = applicationOf(scheme);
    if (target.port < 0) target.port = defaultPortOf(scheme);
    return scheme !== 'cache_object';
  }

  // Where Squid went itself, and wrote down an address and no name. Behind a parent it is the parent's, which is no destination.
  #peerAddress(bytes: Uint8Array, sink: ObservationSink): TextId {
    if (!isDirect(bytes[this.#routeEnd - 2], bytes[this.#routeEnd - 1])) return 0;
    let isV4 = this.#peerEnd > this.#peer;
    for (let i = this.#peer; i < this.#peerEnd; i++) {
      const byte = bytes[i] as number;
      if (byte === colon) return this.#bracketless(bytes, sink);
      if (byte !== dot && !isDigit(byte)) isV4 = false;
    }
    return isV4 ? sink.span(bytes, this.#peer, this.#peerEnd) : 0;
  }

  #bracketless(bytes: Uint8Array, sink: ObservationSink): TextId {
    const isIn = bytes[this.#peer] === open && bytes[this.#peerEnd - 1] === close;
    return sink.span(bytes, this.#peer + (isIn ? 1 : 0), this.#peerEnd - (isIn ? 1 : 0));
  }

  // NONE/200, NONE_NONE/200, TAG_NONE/200 with HIER_NONE or NONE.
  #isWithoutUpstream(bytes: Uint8Array): boolean {
    return (
      bytes[this.#codeEnd - 4] === 78 &&
      bytes[this.#codeEnd - 1] === 69 &&
      bytes[this.#routeEnd - 4] === 78 &&
      bytes[this.#routeEnd - 1] === 69
    );
  }

  #fillRest(bytes: Uint8Array, draft: FlowDraft, sink: ObservationSink): void {
    draft.endMs = this.#endMs;
    draft.startMs = this.#endMs - this.#elapsedMs;
    if (!isNothing(bytes, this.#client, this.#clientEnd))
      draft.client = sink.span(bytes, this.#client, this.#clientEnd);
    if (!isNothing(bytes, this.#user, this.#userEnd)) draft.user = this.#userText(bytes, sink);
    draft.protocol = 6;
    draft.bytesDown = this.#sizeBytes;
  }

  #userText(bytes: Uint8Array, sink: ObservationSink): TextId {
    for (let i = this.#user; i < this.#userEnd; i++) {
      if (bytes[i] === percent) return sink.text(decodePercent(textOf(bytes, this.#user, this.#userEnd)));
    }
    return sink.span(bytes, this.#user, this.#userEnd);
  }
}
