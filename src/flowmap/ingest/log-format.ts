import type { Fault, Result } from '../../base/index.ts';
import type { LineOutcome, ObservationSink } from '../observation.ts';
import type { LogLine } from './log-line.ts';

/** What a format can and cannot tell. Shown with every map, because a gap in the logs is a gap in the map. */
export interface FormatFields {
  /** Whence it can name a destination: from the same record, from DNS answers that it holds, or not at all. */
  readonly names: 'record' | 'answers' | 'none';
  readonly destinationAddress: boolean;
  readonly bytesUp: boolean;
  readonly bytesDown: boolean;
  /** Whether it can say who asked other than by address. */
  readonly identity: boolean;
  /** Whether it says what the source itself refused. */
  readonly denials: boolean;
  /** What one record is: a request, a whole connection, a window of one, a packet, a question. */
  readonly unit: 'request' | 'connection' | 'window' | 'packet' | 'question';
  /** What a record's time is. */
  readonly time: 'start' | 'end' | 'both';
  /** What these logs never contain, as full sentences for the coverage statement. */
  readonly blindSpots: readonly string[];
}

/** What a parser is made with. */
export interface ParserOptions {
  /** The user's own grammar (`logformat` line, field list), or what {@link LogFormat.learn} took from the head; null for the usual one. */
  readonly grammar: string | null;
  /** Reads zone-less local times: epoch milliseconds of a wall clock in the zone that `--timezone` named. */
  readonly zone: LocalZone;
  /** The instant of ingest, epoch milliseconds: gives a year to times that have none. */
  readonly nowMs: number;
}

/** Turns a wall clock time without zone into an instant. */
export interface LocalZone {
  /** `wallMs`: the wall clock read as if it were UTC. Epoch milliseconds; NaN stays NaN; of times that occur twice it is the first. */
  toEpochMs(wallMs: number): number;
}

/** Reads the records of one source. May keep bounded state between records (a header, questions without an answer yet). */
export interface LineParser {
  /** Never throws. What it found is in the sink when it returns. */
  parse(line: LogLine, sink: ObservationSink): LineOutcome;
  /**
   * For formats of which gigabytes are read: takes the line at `start` with its line feed, finding its end in the same pass, and gives where
   * the next one starts. -1 where it is not as plain as can be, or would not be `taken`: then nothing of it is in the sink, and `parse` says
   * what becomes of it. What it takes, `parse` would take with the same result. There is a line feed somewhere behind `start`.
   */
  takePlain?(bytes: Uint8Array, start: number, sink: ObservationSink): number;
}

/** A log format: one file of this folder each, all of this shape, registered in `log-formats.ts`. */
export interface LogFormat {
  /** For `--format`: `squid`, `aws-vpc`. */
  readonly id: string;
  /** For people: `Squid access log`. */
  readonly title: string;
  readonly fields: FormatFields;
  /** True where a record's meaning hangs on lines before it: then one worker reads the whole source in order. */
  readonly isOrdered: boolean;
  /** How users give their own grammar: `--format squid='%ts.%03tu …'`; null where the format has none. */
  readonly grammar: { readonly what: string; readonly example: string } | null;
  /**
   * How well the sample fits, from 0 (not at all) to 1: the share of its lines that only this format would have.
   * Formats that others contain (key=value, CSV) look for keys of their own and stay below 1 when unsure. Never throws.
   */
  detect(sample: readonly LogLine[]): number;
  /** Takes from the head of a source what later lines need (a header with the field names); null where nothing. */
  learn(sample: readonly LogLine[]): string | null;
  /** Makes the parser of a source. Fault: `grammar_invalid`, saying what in the grammar cannot be. */
  createParser(options: ParserOptions): Result<LineParser, Fault<'grammar_invalid'>>;
}
