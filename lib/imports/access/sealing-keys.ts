import { hkdfSync } from 'node:crypto';
import type { Secret } from '../../aws/secrets.ts';
import { FerryError } from '../../errors.ts';

/** What seals and opens, and its name in the sealed text. Nothing of the key can be told from its id. */
export interface SealingKey {
  readonly id: string;
  readonly key: Buffer;
}

/** The keys that open; the first of them seals. `fresh` looks whether there are others by now. */
export type SealingKeys = (options?: { readonly fresh?: boolean }) => Promise<readonly SealingKey[]>;

const shortest = 32; // characters

const unusable = (): FerryError =>
  new FerryError(
    'misconfigured',
    `The sealing secret is neither a text nor {"current": …, "previous": …}, of at least ${shortest} characters each`,
  );

/** @returns the current secret, and the previous one while there is one */
const secretsIn = (text: string): readonly unknown[] => {
  if (!text.trimStart().startsWith('{')) return [text];
  try {
    const { current, previous } = JSON.parse(text) as {
      readonly current?: unknown;
      readonly previous?: unknown;
    };
    return previous === undefined ? [current] : [current, previous];
  } catch {
    throw unusable(); // the reason of JSON.parse would quote the secret
  }
};

const derive = (secret: string, info: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', info, bytes));

const keyOf = (secret: unknown): SealingKey => {
  if (typeof secret !== 'string' || secret.length < shortest) throw unusable();
  return {
    id: derive(secret, 'glance-ferry key id', 6).toString('base64url'),
    key: derive(secret, 'glance-ferry sealed secrets v2', 32),
  };
};

/** @throws FerryError `misconfigured` for a text of another form */
export const keysIn = (text: string): readonly SealingKey[] => secretsIn(text).map(keyOf);

/** Two secrets at once let a key be changed while imports run: see docs/operations.md, "Rotating the sealing key". */
export const sealingKeys =
  (secret: Secret): SealingKeys =>
  async (options) =>
    keysIn(await secret(options));
