import { afterAll, beforeAll, expect, test } from 'vitest';
import { applicationCredentials } from '../cloud/openstack/keystone/fixture.ts';
import { importExpiringBefore } from './expiring-import.ts';
import { type Ferry, startFerry } from './ferry.ts';
import { steps } from './queues-by-hand.ts';

let ferry: Ferry;

beforeAll(async () => {
  const credential = applicationCredentials.find(({ user }) => user.name === 'svc');
  if (!credential) throw new Error('no service user');
  const { id, secret } = credential;
  const env = { OS_APPLICATION_CREDENTIAL_ID: id, OS_APPLICATION_CREDENTIAL_SECRET: secret };
  ferry = await startFerry({ env, idle: steps });
});
afterAll(() => ferry.stop());

test.each(['stream-image', 'apply-metadata'] as const)(
  'with a service user, an import outlives a token that expires before %s',
  async (step) => {
    const { task, source, target } = await importExpiringBefore(ferry, step);
    expect(task).toMatchObject({ status: 'success' });
    const { os_hash_value } = source;
    expect(target).toMatchObject({ status: 'active', os_hash_value, hw_disk_bus: 'scsi' });
  },
);
