import type { Confirmation } from './confirmation.ts';
import type { Role, Scope, SetupLink } from './person.ts';

/**
 * What may be done about people and what they act by. Ids of people are chosen (`ana`), those of tokens, keys and links are fresh; hashes
 * are SHA-256 of the secret in hex, made outside: no secret comes here. Times are epoch milliseconds.
 */
export type PeopleCommand =
  | {
      readonly kind: 'create_person';
      readonly id: string;
      readonly name: string;
      readonly roles: readonly Role[];
      readonly owns: readonly string[];
    }
  | {
      readonly kind: 'change_person';
      readonly id: string;
      readonly name: string;
      readonly roles: readonly Role[];
      readonly owns: readonly string[];
    }
  | { readonly kind: 'disable_person'; readonly id: string; readonly reason: string }
  | { readonly kind: 'enable_person'; readonly id: string; readonly reason: string }
  | { readonly kind: 'link_people'; readonly id: string; readonly other: string; readonly reason: string }
  | { readonly kind: 'unlink_people'; readonly id: string; readonly other: string; readonly reason: string }
  | {
      readonly kind: 'create_token';
      readonly id: string;
      readonly person: string;
      readonly name: string;
      readonly scopes: readonly Scope[];
      readonly secretHash: string;
      readonly expiresAtMs: number;
    }
  | { readonly kind: 'reset_token'; readonly id: string; readonly secretHash: string; readonly expiresAtMs: number }
  | { readonly kind: 'revoke_token'; readonly id: string }
  | { readonly kind: 'enroll_key'; readonly id: string; readonly person: string; readonly publicKey: string }
  | { readonly kind: 'revoke_key'; readonly id: string }
  | PasskeyCommand
  | SetupCommand;

/** What may be done about passkeys. `confirmation` is what was verified outside, null for none. */
export type PasskeyCommand =
  | {
      readonly kind: 'register_passkey';
      readonly id: string;
      readonly person: string;
      readonly name: string;
      readonly credentialId: string;
      readonly publicKey: string;
      readonly signCount: number;
      readonly transports: readonly string[];
      readonly confirmation: Confirmation | null;
    }
  | { readonly kind: 'name_passkey'; readonly id: string; readonly name: string }
  | {
      readonly kind: 'remove_passkey';
      readonly id: string;
      /** Whether the token itself was shown with the act, and not only a session that it opened. */
      readonly isTokenShown: boolean;
      readonly confirmation: Confirmation | null;
    }
  | { readonly kind: 'enroll_passkey'; readonly id: string };

/** What the product does by itself at its first start, and what whoever holds a founding link does once. */
export type SetupCommand =
  | {
      readonly kind: 'offer_setup';
      readonly id: string;
      readonly role: SetupLink['role'];
      readonly secretHash: string;
      readonly expiresAtMs: number;
    }
  | {
      readonly kind: 'use_setup';
      readonly link: SetupLink;
      readonly id: string;
      readonly name: string;
      readonly token: { readonly id: string; readonly secretHash: string; readonly expiresAtMs: number };
      /** A key for break-glass, enrolled with the account: nobody else had a hand in it. */
      readonly key: { readonly id: string; readonly publicKey: string } | null;
    };
