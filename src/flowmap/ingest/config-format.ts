import type { ObservationSink } from '../observation.ts';

/** A configuration file: its path as given to ingest (`deploy/api.yaml`) and its whole text, of at most 16 MiB. */
export interface ConfigDocument {
  readonly path: string;
  readonly text: string;
}

/** What reading a file came to: what could not be read, by line, for people. An empty list is a file read wholly. */
export interface ConfigReading {
  readonly faults: readonly { readonly line: number; readonly message: string }[];
}

/**
 * A kind of configuration that names endpoints: one file of `ingest/config/` each, registered in `config-formats.ts`. What it finds goes
 * to `sink.declare` (and addresses of running workloads to `sink.lease`). No value of a file ever leaves it but host, port and scheme:
 * URLs carry passwords.
 */
export interface ConfigFormat {
  /** For `--format`: `terraform`, `kubernetes`. */
  readonly id: string;
  readonly title: string;
  /** How well path and text fit, from 0 to 1. Never throws. */
  detect(document: ConfigDocument): number;
  /** Never throws. */
  read(document: ConfigDocument, sink: ObservationSink): ConfigReading;
}
