import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createHandOn } from '../../../bridge/hand-on.ts';
import { createHandler } from '../../../bridge/handle.ts';
import { bodiesOf, changed } from '../../unit/bridge/recorded.ts';
import { allRegions } from '../../unit/bridge/rules.ts';
import { useReplication } from './use-replication.ts';

// What a real Glance has sent of an upload, told of an image of the emulated cloud: bridge, event, replicate-image, import.

const ferry = useReplication();
const patience = { timeout: 60_000, interval: 200 };

test('an image that somebody has uploaded appears in the other region, once, and its replica leads to nothing', async () => {
  const formats = { disk_format: 'raw', container_format: 'bare' };
  const record = { name: `Debian ${randomUUID()}`, visibility: 'public', owner: 'admin', ...formats };
  const source = await ferry.glance('REGION1').createImage(record, Buffer.alloc(300_000, 'bytes'));
  const handle = createHandler({
    region: 'REGION1',
    rules: allRegions,
    windowMs: 60_000,
    handOn: await createHandOn({ EVENT_BUS_NAME: 'default' }),
    stopping: new AbortController().signal,
  });
  const told = (payload: object) => (body: string) =>
    changed(body, (message) => {
      if (typeof message['payload'] === 'object') Object.assign(message['payload'] as object, payload);
    });
  for (const body of bodiesOf('upload').map(told({ id: source.id }))) await handle(body);

  const replicas = () => ferry.replicasOf('REGION2', source.id);
  const seen = () => replicas().map(({ status, os_hash_value }) => ({ status, os_hash_value }));
  const { os_hash_value } = source;
  await expect.poll(seen, patience).toEqual([{ status: 'active', os_hash_value }]);

  const [replica] = replicas();
  const properties = { ferry_source_id: replica?.['ferry_source_id'] };
  const ofReplica = told({ id: replica?.id, properties });
  const ends = await Promise.all(bodiesOf('upload').map(ofReplica).map(handle));
  expect(new Set(ends)).toEqual(new Set(['ignored']));
});
