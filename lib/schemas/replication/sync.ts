import { type Static, Type } from 'typebox';

/** What sync-images is invoked with. */
export const SyncRequest = Type.Object(
  {
    policy: Type.Optional(
      Type.String({ minLength: 1, description: 'Name of the one that is synced; all when absent.' }),
    ),
    dryRun: Type.Optional(
      Type.Boolean({ description: 'Nothing is done; the answer says what would be, change by change.' }),
    ),
  },
  { additionalProperties: false },
);
export type SyncRequest = Static<typeof SyncRequest>;
