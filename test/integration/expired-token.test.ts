import { expect, test } from 'vitest';
import { importExpiringBefore } from './expiring-import.ts';
import { expectNothingLeft } from './nothing-left.ts';
import { useFerryByHand } from './use-ferry.ts';

const { ferry, queues } = useFerryByHand();

test.each([
  ['stream-image', 'Region REGION1 does not accept the token of this import'],
  ['apply-metadata', 'the token is not accepted (any more)'],
] as const)(
  'a token that expires before %s ends the import with the reason, and leaves nothing',
  async (step, reason) => {
    const { task, target } = await importExpiringBefore({ ferry, queues }, step);
    expect(task).toMatchObject({ status: 'failure', result: null, message: expect.stringContaining(reason) });
    expect(target).toMatchObject({ status: 'queued', disk_format: null });
    await expectNothingLeft(ferry);
  },
);
