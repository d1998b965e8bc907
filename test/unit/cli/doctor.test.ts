import { expect, test } from 'vitest';
import { quotaFinding } from '../../../cli/doctor/quota-check.ts';
import { rightsChecks } from '../../../cli/doctor/rights-checks.ts';
import type { CloudRegion } from '../../../lib/clouds/cloud.ts';
import type { OpenStackHttp } from '../../../lib/openstack/http.ts';

interface Options {
  readonly signal: AbortSignal;
}

/** A region whose doctor is ended by Ctrl-C at one of his calls. */
const regionEndedAt = (last: number) => {
  const ctrlC = new AbortController();
  const seen: string[] = [];
  let calls = 0;
  let record: { visibility: string; status: string } | undefined;
  const become = (change: Partial<{ visibility: string; status: string }>) => async (options: Options) => {
    calls += 1;
    if (calls === last) ctrlC.abort(new Error('SIGINT'));
    options.signal.throwIfAborted();
    record = { ...(record ?? { visibility: 'private', status: 'queued' }), ...change };
    seen.push(`${record.visibility} ${record.status}`);
    return { id: 'i' };
  };
  const images = {
    create: (_record: object, options: Options) => become({})(options),
    patch: (_id: string, [operation]: readonly { readonly value: string }[], options: Options) =>
      become({ visibility: operation?.value ?? '' })(options),
    remove: async (_id: string, { signal }: Options) => {
      signal.throwIfAborted();
      record = undefined;
    },
  };
  const glance = {
    upload: (_id: string, _data: object, options: Options) => become({ status: 'active' })(options),
  };
  return {
    at: { region: 'REGION2', images, glance } as unknown as CloudRegion,
    ...{ seen, signal: ctrlC.signal, isLeft: () => record !== undefined },
  };
};

test.each([2, 3, 4, 99])(
  'the doctor, ended at call %i, leaves no image, and shows none to others',
  async (last) => {
    const { at, seen, signal, isLeft } = regionEndedAt(last);
    const checks = await rightsChecks(at, {} as OpenStackHttp, { signal });
    expect(checks.at(-1)).toMatchObject({ what: 'remove', state: 'fine' });
    expect(isLeft()).toBe(false);
    expect(seen).not.toContain('public active');
    if (last === 99) expect(seen).toContain('public queued');
  },
);

test.each([
  ['fine', { image_size_total: { limit: 1000, usage: 1 } }, 'image_size_total 1 of 1000'],
  ['fine', { image_count_total: { limit: -1, usage: 7 } }, 'image_count_total 7 of any'],
  [
    'wrong',
    { image_size_total: { limit: 1000, usage: 1 }, image_count_total: { limit: 10, usage: 10 } },
    'used up: image_count_total 10 of 10: remove images, or ask for more',
  ],
  [
    'note',
    { image_size_total: { limit: 1000, usage: 900 } },
    'nearly used up: image_size_total 900 of 1000: remove images, or ask for more',
  ],
  ['fine', { image_stage_total: { limit: 10, usage: 10 } }, 'image_stage_total 10 of 10'],
  ['note', {}, 'this Glance tells none: what it allows is seen at an upload'],
])('a quota is %s by what Glance says of it: %j', (state, usage, says) => {
  expect(quotaFinding(JSON.stringify({ usage }))).toEqual({ state, says });
});
