import type { Change } from '../change.ts';

/** What a plan becomes under a policy's limits: a change that goes too far becomes one that says so. */
export type Rule = (changes: readonly Change[]) => readonly Change[];

type Skip = Change & { readonly kind: 'skip' };

/** In place of a change that is not made. */
export const skipped = (
  { region, image, name, family, isRetirement }: Change,
  reason: string,
  isError = false,
): Skip => ({
  kind: 'skip',
  region,
  image,
  name,
  family,
  bytes: 0,
  reason,
  isError,
  ...(isRetirement && { isRetirement }),
});
