import { createLink } from '@tanstack/react-router';
import type { ComponentPropsWithRef, ReactNode } from 'react';
import styles from './link-button.module.css';

function Anchor(props: ComponentPropsWithRef<'a'>): ReactNode {
  return <a {...props} className={styles['button']} />;
}

/** A link that looks like a button: it leads to another page. */
export const LinkButton = createLink(Anchor);
