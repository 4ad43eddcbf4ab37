import { escapeControls, type Fault } from '../base/index.ts';

/** What can be wrong with a configuration. */
export type ConfigFaultCode =
  | 'config_unreadable'
  | 'yaml_malformed'
  | 'key_unknown'
  | 'value_invalid'
  | 'variable_unknown'
  | 'flag_unknown';

/** A fault of the configuration. `origin` is the file, `environment` or `flags`; line and column count from 1, null outside a file. */
export interface ConfigFault extends Fault<ConfigFaultCode> {
  readonly origin: string;
  readonly line: number | null;
  readonly column: number | null;
}

/** A fault as one line: ``exeat.yaml:4:3: unknown key `polcy`, did you mean `policy`?``. Control characters are escaped. */
export function renderConfigFault(fault: ConfigFault): string {
  const place = fault.line === null ? fault.origin : `${fault.origin}:${fault.line}:${fault.column ?? 1}`;
  return escapeControls(`${place}: ${fault.message}`);
}
