import type { Policy, Retirement } from './policy.ts';

/** What is so where a policy, or a request, says nothing. */
export const policyDefaults = {
  identity: 'provenance',
  synced: {
    properties: ['*'],
    tags: true,
    members: false,
    protection: false,
    hidden: true,
    visibility: 'source',
  },
  set: {},
  onConflict: 'error',
  caps: { removalsPerRun: 10 },
} as const satisfies Partial<Policy>;

/** What is so of a retirement that is named. */
export const retirementDefaults = {
  ladder: ['hide'],
  isDeleteAllowed: false,
  oldName: '{name} ({date})',
  isForRemoved: false,
} as const satisfies Retirement;
