import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { Ferry } from './ferry.ts';
import { type QueuesByHand, type StepName, steps } from './queues-by-hand.ts';

const formats = { disk_format: 'raw', container_format: 'bare', hw_disk_bus: 'scsi' };

/** An import whose token expires right before a step. @returns its task and both records in the end */
export const importExpiringBefore = async (
  { ferry, queues }: { readonly ferry: Ferry; readonly queues: QueuesByHand },
  expiring: StepName,
) => {
  const { REGION1, REGION2 } = ferry.openstack.regions;
  const source = await REGION1.createImage(formats, randomBytes(1000));
  const target = await REGION2.createImage({ name: 'copy' });
  const token = ferry.openstack.issueToken('demo');
  expect(await ferry.importFrom(source.id, target.id, token)).toMatchObject({ status: 201 });

  for (const step of steps) {
    if (step === expiring) ferry.openstack.keystone.tokens.expire(token);
    await queues.next(step);
  }
  const tasks = await ferry.tasks(target.id, ferry.openstack.issueToken('demo'));
  return { task: tasks.at(-1), source, target: REGION2.image(target.id) };
};
