import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { expectNothingLeft } from '../integration/nothing-left.ts';
import {
  beginAll,
  beginFrom,
  expectActiveCopy,
  expectFailure,
  expectUntouched,
  expectWaiting,
  glanceOf,
  holdBack,
  type Import,
  MiB,
  newSource,
  nineRegions,
  once,
  taskOf,
  timesAsked,
} from '../integration/one-source.ts';
import { expectError } from '../integration/refusals.ts';
import { useFerry } from '../integration/use-ferry.ts';

const ferry = useFerry({ ...nineRegions, env: { ...nineRegions.env, HEARTBEAT_S: '2', RETRY_DELAY_S: '1' } });
const reason = /^Cancelled by its owner$/;
let demo: string;

beforeAll(() => {
  demo = ferry.openstack.issueToken('demo');
});
afterEach(() => {
  for (const region of ['REGION1', 'REGION2', 'REGION3']) glanceOf(ferry, region).clearFaults();
});

const cancel = ({ region, imageId }: Pick<Import, 'region' | 'imageId'>, token = demo) =>
  ferry.http('cancel-import', { method: 'DELETE', region, imageId, token });

const expectNoneRuns = async (answer: ReturnType<typeof cancel>, { imageId }: Pick<Import, 'imageId'>) =>
  expectError(await answer, { status: 404, message: `No import of image ${imageId} is running` });

describe('an import that is cancelled ends as a failure, and leaves its target as it was', () => {
  test.each([
    ['in one stream', 3 * MiB],
    ['in segments', 7 * MiB],
  ])('while its source is copied %s', async (_, size) => {
    const source = await newSource(ferry, size);
    const release = holdBack(ferry, source);
    const one = await beginFrom(ferry, source, 'REGION2');
    await expectWaiting(ferry, 1);
    expect(await cancel(one)).toMatchObject({ status: 204, body: '' });
    await expectFailure(ferry, one, reason);
    release();
    await expectNothingLeft(ferry);
    await expectNoneRuns(cancel(one), one);
  });

  test('while its data goes into the target', async () => {
    const source = await newSource(ferry, 12 * MiB);
    const { id: imageId } = await glanceOf(ferry, 'REGION2').createImage({ name: 'copy' });
    const region2 = glanceOf(ferry, 'REGION2');
    region2.fault(imageId, { on: 'put-file', kind: 'slow', bytesPerSecond: 2 * MiB });
    const one = await beginFrom(ferry, source, 'REGION2', { imageId });
    await expect.poll(() => region2.image(imageId)).toMatchObject({ status: 'saving' });
    expect(await cancel(one)).toMatchObject({ status: 204 });
    expect(await cancel(one)).toMatchObject({ status: 204 });
    await expectFailure(ferry, one, reason);
    await expectNothingLeft(ferry);
  });

  test('and takes another import at once', async () => {
    const source = await newSource(ferry, MiB);
    const release = holdBack(ferry, source);
    const one = await beginFrom(ferry, source, 'REGION2');
    await expectWaiting(ferry, 1);
    await cancel(one);
    await expectFailure(ferry, one, reason);
    release();
    const { imageId } = one;
    await expectActiveCopy(ferry, source, await beginFrom(ferry, source, 'REGION2', { imageId }));
    await expectNothingLeft(ferry);
  });
});

test('others that wait for the same copy get their data, and the source is read once', async () => {
  const source = await newSource(ferry, 3 * MiB);
  const release = holdBack(ferry, source);
  const first = await beginFrom(ferry, source, 'REGION2');
  await expectWaiting(ferry, 1);
  const others = await beginAll(ferry, source, ['REGION3', 'REGION4']);
  await expectWaiting(ferry, 3);
  expect(await cancel(first)).toMatchObject({ status: 204 });
  await expectFailure(ferry, first, reason);
  release();
  for (const other of others) await expectActiveCopy(ferry, source, other);
  expect(timesAsked(ferry, source)).toEqual(once(source));
  await expectNothingLeft(ferry);
});

test('an import that has just succeeded stays a success, however often and when it is cancelled', async () => {
  const source = await newSource(ferry, MiB);
  const imports = await beginAll(ferry, source, ['REGION2', 'REGION3', 'REGION4', 'REGION5']);
  const ended = await Promise.all(
    imports.map(async (one) => {
      for (;;) {
        const { status } = await cancel(one);
        expect([204, 404, 409]).toContain(status);
        const task = await taskOf(ferry, one);
        if (task && ['success', 'failure'].includes(task.status)) return { one, task };
      }
    }),
  );
  for (const { one, task } of ended) {
    if (task.status === 'success') await expectActiveCopy(ferry, source, one);
    else expectUntouched(ferry, one);
  }
  await expectNothingLeft(ferry);
});

describe('the import of another project', () => {
  test.each(['private', 'public'])('into a %s image is 404, and goes on', async (visibility) => {
    const source = await newSource(ferry, MiB);
    const release = holdBack(ferry, source);
    const { id: imageId } = await glanceOf(ferry, 'REGION2').createImage({ name: 'copy', visibility });
    const one = await beginFrom(ferry, source, 'REGION2', { imageId });
    await expectNoneRuns(cancel(one, ferry.openstack.issueToken('other')), one);
    release();
    await expectActiveCopy(ferry, source, one);
  });

  test('is an admin’s to cancel, and says so', async () => {
    const source = await newSource(ferry, MiB);
    const release = holdBack(ferry, source);
    const one = await beginFrom(ferry, source, 'REGION2');
    expect(await cancel(one, ferry.openstack.issueToken('admin'))).toMatchObject({ status: 204 });
    await expectFailure(ferry, one, /^Cancelled by an admin$/);
    release();
    await expectNothingLeft(ferry);
  });
});

test('where nothing runs, or the image is in another region, it is 404', async () => {
  const source = await newSource(ferry, MiB);
  const release = holdBack(ferry, source);
  const one = await beginFrom(ferry, source, 'REGION2');
  await expectNoneRuns(cancel({ ...one, region: 'REGION3' }), one);
  const unknown = { region: 'REGION2', imageId: randomUUID() };
  await expectNoneRuns(cancel(unknown), unknown);
  const odd = await cancel({ region: 'REGION2', imageId: 'not-a-uuid' });
  expectError(odd, { status: 404, message: 'No image found with ID not-a-uuid' });
  expect(await cancel({ ...one, region: 'REGION99' })).toMatchObject({ status: 404 });
  release();
  await expectActiveCopy(ferry, source, one);
});
