import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { CloudRegion } from '../../../../lib/clouds/cloud.ts';
import { applyChange } from '../../../../lib/replication/apply/apply-change.ts';
import type { ImageId, RegionName } from '../../../../lib/schemas/ids.ts';
import { formats, useOpenStack } from '../../../cloud/openstack/use-openstack.ts';
import { cloudsOf } from '../clouds-of.ts';

const inUse = useOpenStack({ regions: ['REGION1'] });
const { signal } = new AbortController();
const mark = { ferry_source_region: 'REGION9', ferry_source_id: randomUUID() };
const projectOf = (user: string) => inUse().cloud.keystone.accounts.userNamed(user).project.id;

const give = async (user: 'admin' | 'demo') => {
  const { REGION1 } = inUse().cloud.regions;
  const { images, identity }: CloudRegion = await cloudsOf(inUse().cloud, user).region('REGION1', { signal });
  const { id } = await REGION1.createImage({ ...formats, ...mark, owner: user, name: 'a' }, 'bytes');
  const of = { region: 'REGION1' as RegionName, image: id as ImageId, name: 'a', family: 'a', bytes: 0 };
  const set = { owner: projectOf('other') };
  const verdict = await applyChange(
    { images, projectId: identity.projectId },
    { ...of, kind: 'update', set, was: { owner: identity.projectId }, reason: 'owner differs' },
    { signal },
  );
  return { verdict, owner: REGION1.image(id)?.owner };
};

test('an admin of Glance gives a replica to the project that is to have it', async () => {
  expect(await give('admin')).toEqual({
    ...{ verdict: { outcome: 'done', reason: 'owner differs' }, owner: projectOf('other') },
  });
});

test('a member does not: the image stays, and the failure says what right is missing', async () => {
  const { verdict, owner } = await give('demo');
  expect(owner).toBe(projectOf('demo'));
  expect(verdict).toMatchObject({ outcome: 'failed' });
  expect(verdict.reason).toContain("Owner can't be updated by non admin.");
  expect(verdict.reason).toContain(
    `it is to belong to project ${projectOf('other')}, by the policy's table of projects, for which the credential for ` +
      "region REGION1 needs Glance's admin rights (context_is_admin, by default the role admin)",
  );
});
