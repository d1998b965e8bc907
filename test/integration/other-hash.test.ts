import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { useFerryByHand } from './use-ferry.ts';

// The target's Glance hashes by an algorithm that no image was digested by before (hashing_algorithm).
const { ferry, queues } = useFerryByHand({ openstack: { glance: { REGION2: { hashAlgo: 'sha256' } } } });
const formats = { disk_format: 'raw', container_format: 'bare' };
const bytes = randomBytes(100_000);

const copied = async (prepare: (targetId: string) => void = () => undefined) => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const token = ferry.openstack.issueToken('demo');
  const source = await REGION1.createImage(formats, bytes);
  const { id } = await REGION2.createImage({ name: 'copy' });
  expect(await ferry.importFrom(source.id, id, token)).toMatchObject({ status: 201 });
  await queues.next('stream-image');
  prepare(id);
  await queues.next('apply-metadata');
  await queues.next('fail-import');
  REGION2.clearFaults();
  return { id, task: (await ferry.tasks(id, token)).at(-1) };
};

test('its hash is compared all the same: the right bytes are a success', async () => {
  expect((await copied()).task).toMatchObject({ status: 'success', message: 'Copied 0 MiB' });
});

test('other bytes than it was sent are a failure', async () => {
  const { REGION2 } = ferry.openstack.regions;
  const { id, task } = await copied((id) =>
    REGION2.fault(id, { on: 'put-file', kind: 'corrupt-byte', at: 4 }),
  );
  expect(task).toMatchObject({
    status: 'failure',
    message: expect.stringContaining(`Image ${id} is active but holds 100000 bytes with sha256`),
  });
});

test('a hash that nobody here can compute is told of in the task', async () => {
  const { REGION2 } = ferry.openstack.regions;
  const record = { os_hash_algo: 'blake9', os_hash_value: 'x', checksum: null };
  const { task } = await copied((id) => {
    REGION2.fault(id, { on: 'get-image', kind: 'stale', record: {} });
    REGION2.fault(id, { on: 'get-image', kind: 'stale', record, times: 9 });
  });
  expect(task).toMatchObject({
    status: 'success',
    message:
      'Copied 0 MiB. The hash that Glance took of them could not be compared: nothing vouched for what it stored',
  });
});
