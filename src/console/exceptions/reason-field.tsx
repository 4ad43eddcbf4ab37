import { Textarea } from '@mantine/core';
import type { ReactNode } from 'react';

interface ReasonFieldProps {
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly hint?: string;
}

/** Why somebody does it, for others. */
export function ReasonField({ value, onChange, hint }: ReasonFieldProps): ReactNode {
  return (
    <Textarea
      label="Reason"
      description={hint}
      required
      autosize
      minRows={2}
      maxLength={500}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
