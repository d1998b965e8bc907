import { describe, expect, test } from 'vitest';
import type { Published } from '../../../../lib/replication/event/image-published.ts';
import type { Policy } from '../../../../lib/replication/policy/policy.ts';
import { createFanOut } from '../../../../lib/replication/replicate/message/fan-out.ts';
import { policiesOf } from '../../../../lib/replication/replicate/policies.ts';
import type { RegionName } from '../../../../lib/schemas/ids.ts';
import type { ReplicateMessage } from '../../../../lib/state/messages.ts';
import { policy } from '../images.ts';
import { source } from './messages.ts';

const region = (name: string) => name as RegionName;
const to = (name: string) => ({ region: region(name), projects: {} });
const nightly = policy({
  name: 'nightly',
  source: { region: source.region },
  targets: [to('REGION2'), to('REGION3')],
});
const backup = policy({ name: 'backup', source: { region: source.region }, targets: [to('NORTH')] });
const others = policy({ name: 'others', source: { region: region('REGION3') }, targets: [to('REGION1')] });

const fanOut = async (published: Published, policies: readonly Policy[] = [nightly, backup, others]) => {
  const broken = [{ file: 'weekly.yaml', reason: 'weekly.yaml:3: source is missing' }];
  const sent: ReplicateMessage[] = [];
  const send = async (message: ReplicateMessage) => void sent.push(message);
  await createFanOut({ policies: async () => policiesOf({ policies, broken }), send })(published);
  return sent;
};

describe('an event becomes a message', () => {
  test('for each of its targets, with what that is to have', async () => {
    const targets = [
      { region: region('REGION2'), request: { name: 'Ubuntu' } },
      { region: region('NORTH'), request: {} },
    ];
    expect(await fanOut({ source, wanted: targets })).toEqual(
      targets.map((target) => ({ replica: { source, ...target } })),
    );
  });

  test("for each of a policy's regions, with its name", async () => {
    expect(await fanOut({ source, wanted: 'nightly' })).toEqual([
      { replica: { source, region: 'REGION2', policy: 'nightly' } },
      { replica: { source, region: 'REGION3', policy: 'nightly' } },
    ]);
  });

  test('for each region of every policy for images of its region', async () => {
    const sent = await fanOut({ source, wanted: '*' });
    expect(sent.map(({ replica }) => `${replica.policy} ${replica.region}`)).toEqual([
      'nightly REGION2',
      'nightly REGION3',
      'backup NORTH',
    ]);
    expect(await fanOut({ source, wanted: '*' }, [])).toEqual([]);
  });
});

describe('an event is refused', () => {
  test('that names a policy that there is not, with those there are', async () => {
    await expect(fanOut({ source, wanted: 'nightli' })).rejects.toMatchObject({
      code: 'bad-request',
      message:
        'There is no policy nightli; policies: nightly, backup, others; broken: weekly.yaml:3: source is missing',
    });
    await expect(fanOut({ source, wanted: 'x' }, [])).rejects.toThrow('policies: none');
  });

  test('whose policy is for images of another region', async () => {
    await expect(fanOut({ source, wanted: 'others' })).rejects.toMatchObject({
      code: 'bad-request',
      message: 'Policy others is for images of region REGION3, not of REGION1',
    });
  });
});
