/** A place of the console that the palette leads to. */
export interface Place {
  readonly to: string;
  readonly name: string;
}
