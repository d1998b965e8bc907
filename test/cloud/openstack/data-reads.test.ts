import { expect, test } from 'vitest';
import { formats, hello, useOpenStack } from './use-openstack.ts';

const MiB = 1024 ** 2;
const use = useOpenStack({ glance: { REGION2: { store: 'object' }, REGION3: { downloadRole: 'admin' } } });
const source = () => use().cloud.regions.REGION1;
const bytes = (start: number, end: number) => ({ Range: `bytes=${start}-${end - 1}` });

test('each read of an image is told with its project, what was asked for and what was given', async () => {
  const { id } = await source().createImage({ ...formats, visibility: 'public' }, hello);
  const other = await source().createImage(formats, hello);
  await use().download(source(), id);
  await use().download(source(), id, bytes(2, 5));
  await (await use().call(source(), `${id}/file`, { headers: bytes(9, 100) }, 'other')).text();
  await use().download(source(), other.id, bytes(0, 1));
  await expect.poll(() => source().dataReads(id).at(-1)?.given).toEqual({ start: 9, end: 11 });
  expect(source().dataReads(id)).toEqual([
    { user: 'demo', project: 'demo', asked: { start: 0, end: 11 }, given: { start: 0, end: 11 } },
    { user: 'demo', project: 'demo', asked: { start: 2, end: 5 }, given: { start: 2, end: 5 } },
    { user: 'other', project: 'other', asked: { start: 9, end: 11 }, given: { start: 9, end: 11 } },
  ]);
  source().clearRequests();
  expect(source().dataReads(id)).toEqual([]);
});

test('several reads of one connection are told apart', async () => {
  const size = 3 * MiB;
  const { id } = await source().madeUpImage(formats, { size, seed: 1, checksum: false });
  for (let start = 0; start < size; start += MiB)
    await use().download(source(), id, bytes(start, start + MiB));
  const starts = [0, MiB, 2 * MiB];
  const given = () =>
    source()
      .dataReads(id)
      .map((read) => read.given);
  await expect.poll(given).toEqual(starts.map((start) => ({ start, end: start + MiB })));
});

test('a read that breaks off, or whose answer never comes, gave what was sent', async () => {
  const { id } = await source().createImage(formats, hello);
  source().fault(id, { on: 'get-file', kind: 'drop-after', bytes: 5 });
  await expect(use().download(source(), id, bytes(1, 11))).rejects.toThrow(TypeError);
  source().fault(id, { on: 'get-file', kind: 'lose-answer' });
  await expect(use().download(source(), id)).rejects.toThrow(TypeError);
  expect(source().dataReads(id)).toMatchObject([
    { asked: { start: 1, end: 11 }, given: { start: 1, end: 6 } },
    { asked: { start: 0, end: 11 }, given: { start: 0, end: 0 } },
  ]);
});

test('a read that goes on tells how far it is', async () => {
  const { id } = await source().createImage(formats, hello);
  source().fault(id, { on: 'get-file', kind: 'stall-after', bytes: 5 });
  const answer = await use().call(source(), `${id}/file`);
  await expect.poll(() => source().dataReads(id)[0]?.given).toEqual({ start: 0, end: 5 });
  await answer.body?.cancel();
});

test('what is refused is no read', async () => {
  const { REGION2, REGION3 } = use().cloud.regions;
  const { id } = await REGION2.createImage(formats, hello);
  expect((await use().call(REGION2, `${id}/file`, { headers: bytes(0, 5) })).status).toBe(400);
  expect((await use().call(REGION2, `${id}/file`, {}, 'other')).status).toBe(404);
  const hidden = await REGION3.createImage(formats, hello);
  expect((await use().call(REGION3, `${hidden.id}/file`)).status).toBe(403);
  expect([...REGION2.dataReads(id), ...REGION3.dataReads(hidden.id)]).toEqual([]);
});

test('who may see an image may be refused its data, by a policy that asks for another role', async () => {
  const { REGION3 } = use().cloud.regions;
  const { id } = await REGION3.createImage(formats, hello);
  const statusOf = async (path: string, user: string) => (await use().call(REGION3, path, {}, user)).status;
  expect([await statusOf(id, 'demo'), await statusOf(`${id}/file`, 'demo')]).toEqual([200, 403]);
  expect(await statusOf(`${id}/file`, 'admin')).toBe(200);
  const refused = await (await use().call(REGION3, `${id}/file`)).text();
  expect(refused).toContain('You are not authorized to complete download_image action.');
  REGION3.change(id, { status: 'deactivated' });
  const deactivated = await (await use().call(REGION3, `${id}/file`)).text();
  expect(deactivated).toContain('The requested image has been deactivated.');
  REGION3.change(id, { status: 'active' });
  REGION3.setDownloadRole('member');
  expect([await statusOf(`${id}/file`, 'demo'), await statusOf(`${id}/file`, 'reader')]).toEqual([200, 403]);
  REGION3.setDownloadRole(undefined);
  expect(await statusOf(`${id}/file`, 'reader')).toBe(200);
});
