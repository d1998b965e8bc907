import { expect, test } from 'vitest';
import { FerryError } from '../../../../lib/errors.ts';
import { lookAtStored } from '../../../../lib/imports/apply/look-at-stored.ts';
import { log } from '../../../../lib/log.ts';
import { useLocalState } from '../../local-state.ts';
import { taskFixture } from '../task-fixture.ts';

const use = useLocalState();

/** A look that ends with the attempt's own signal. */
const lookUntil = (reason: FerryError) => {
  const transferred = { size: 5, digests: { sha512: 'x' } };
  const applying = {
    task: { ...taskFixture(), transferred },
    copy: undefined,
    signal: AbortSignal.abort(reason),
    log,
  };
  const services = { ...use(), sourceBudget: { retries: 0, firstDelayMs: 1 } };
  return lookAtStored(services, applying, async () => {
    throw reason;
  });
};

test('a look that is called off says nothing: the next attempt looks again', async () => {
  const lost = new FerryError('claim-lost', 'it belongs to another attempt');
  await expect(lookUntil(lost)).rejects.toBe(lost);
});

test('a look that its time ends has seen nothing, and the import has succeeded', async () => {
  expect(await lookUntil(new FerryError('out-of-time', 'the time has ended'))).toBe('unseen');
});
