import { describe, expect, test } from 'vitest';
import { FerryError } from '../../../../lib/errors.ts';
import { patienceMs } from '../../../../lib/replication/record/patience.ts';
import { createTakeMessage } from '../../../../lib/replication/replicate/message/take-message.ts';
import {
  again,
  done,
  failed,
  forPerson,
  left,
  type Next,
} from '../../../../lib/replication/replicate/next.ts';
import type { ReplicateMessage } from '../../../../lib/state/messages.ts';
import { toRegion2 as event } from '../event/events.ts';
import { imageId, signal, toRegion2 } from './messages.ts';

interface World {
  readonly look?: () => Promise<Next>;
  readonly fanOut?: () => Promise<never>;
}

const take = async (message: unknown, { look = async () => failed('x'), fanOut }: World = {}) => {
  const [sent, buried, published]: [unknown[], [string, string][], unknown[]] = [[], [], []];
  const told: unknown[] = [];
  const takeMessage = createTakeMessage({
    fanOut: async (one) => {
      if (fanOut) await fanOut();
      published.push(one);
      return [];
    },
    replicateImage: look,
    announceReplica: async (change) => void told.push(change),
    send: async (again, delayS) => void sent.push({ again, delayS }),
    bury: async (body, reason) => void buried.push([body, reason]),
  });
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  await takeMessage({ body, headers: {} }, { signal });
  return { sent, buried, published, told };
};

const throwing = (error: unknown) => () => Promise.reject(error);

describe('an event', () => {
  test('is made into messages of its own', async () => {
    expect(await take(event)).toMatchObject({ sent: [], buried: [], published: [{ wanted: [{}] }] });
  });

  test.each([
    ['{', 'The event is not JSON'],
    [JSON.stringify({ ...event, colour: 1 }), 'The event is no "Image Published": unknown fields: colour'],
    [JSON.stringify({ replica: {} }), 'The message is none of replicate-image'],
  ])('that is none is a dead letter at once, with its reason: %s', async (body, reason) => {
    const { buried, sent } = await take(body);
    expect(buried).toEqual([[body, expect.stringContaining(reason)]]);
    expect(sent).toEqual([]);
  });

  test('that asks for a policy that there is not is one, too', async () => {
    const fanOut = throwing(new FerryError('bad-request', 'There is no policy x'));
    expect(await take(event, { fanOut })).toMatchObject({
      buried: [[JSON.stringify(event), 'There is no policy x']],
    });
  });

  test('stays in its queue while its messages cannot be sent', async () => {
    const fanOut = throwing(new FerryError('unavailable', 'SQS is away'));
    await expect(take(event, { fanOut })).rejects.toThrow('SQS is away');
  });
});

describe("a replica's message", () => {
  test('is sent anew with its delay, as long as there is more to do', async () => {
    const message: ReplicateMessage = { ...toRegion2, looks: 4 };
    const look = async (): Promise<Next> => ({
      next: 'again',
      message,
      delayS: 7,
      reason: 'its import runs',
    });
    expect(await take(toRegion2, { look })).toMatchObject({
      sent: [{ again: message, delayS: 7 }],
      buried: [],
    });
  });

  test('is a dead letter with its reason when what failed is a person’s to mend, such as a right that was lost', async () => {
    const look = async () => forPerson('publish of image x: 403');
    expect(await take({ ...toRegion2, looks: 3 }, { look })).toMatchObject({
      sent: [],
      buried: [[JSON.stringify(toRegion2), 'publish of image x: 403']],
    });
  });

  test.each<Next>([
    failed('its source is gone'),
    left('not selected'),
    { next: 'done', reason: 'published' },
  ])('is gone when there is no more to do: $next', async (next) => {
    expect(await take(toRegion2, { look: async () => next })).toMatchObject({ sent: [], buried: [] });
  });

  test('is told on the bus when the replica has come to its end, and not before', async () => {
    const told = async (next: Next, message: ReplicateMessage = toRegion2) =>
      (await take(message, { look: async () => next })).told;
    const { replica } = toRegion2;
    expect(await told(done('published', imageId))).toEqual([{ replica, state: 'success', imageId }]);
    expect(await told(failed('its source is gone'))).toEqual([
      { replica, state: 'failure', reason: 'its source is gone' },
    ]);
    expect(await told(left('not selected'))).toEqual([{ replica, state: 'skipped', reason: 'not selected' }]);
    const routine = { replica: { ...replica, isRoutine: true } };
    expect(await told(left('its import runs'), routine)).toEqual([]);
    expect(await told(again(toRegion2, 'its import runs'))).toEqual([]);
    const look = throwing(new FerryError('forbidden', 'no'));
    expect((await take(toRegion2, { look })).told).toEqual([{ replica, state: 'failure', reason: 'no' }]);
  });

  test('is tried again when nobody can be asked, for an hour', async () => {
    const look = throwing(new FerryError('unavailable', 'Keystone is away'));
    const { sent } = await take(toRegion2, { look });
    expect(sent).toEqual([
      { again: { ...toRegion2, looks: 1, waitsSinceMs: expect.any(Number) }, delayS: 2 },
    ]);
    const tried = { ...toRegion2, looks: 200, waitsSinceMs: Date.now() - patienceMs - 1000 };
    // A letter that is put back into its queue begins anew.
    expect(await take(tried, { look })).toMatchObject({
      sent: [],
      buried: [[JSON.stringify(toRegion2), 'Keystone is away']],
    });
  });

  test.each([new FerryError('out-of-time', "The function's time ended"), new Error('a mistake')])(
    'comes again after a run that came to no end: %s',
    async (error) => {
      expect((await take(toRegion2, { look: throwing(error) })).sent).toHaveLength(1);
    },
  );

  test.each(['misconfigured', 'forbidden', 'bad-request'] as const)(
    'is a dead letter when a person must mend it: %s',
    async (code) => {
      const look = throwing(new FerryError(code, 'no', { operation: 'sign in' }));
      expect(await take({ ...toRegion2, looks: 3 }, { look })).toMatchObject({
        sent: [],
        buried: [[JSON.stringify(toRegion2), 'Failed to sign in: no']],
      });
    },
  );
});
