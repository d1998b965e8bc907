import { callsOf } from './call-faults.ts';
import { nameOf } from './call-log.ts';
import { type Plan, pass } from './context.ts';
import type { Deployment } from './deployment.ts';
import type { Prepared } from './imports-under-test.ts';
import type { Case, Outcome } from './one-run.ts';

/** What the owners of target and source do while an import runs. Each changes what may be expected of it. */
export interface OwnerChange {
  readonly name: string;
  readonly ends: Case['ends'];
  readonly ofSource?: boolean;
  make(prepared: Prepared, deployment: Deployment): void;
}

const targets = ({ cloud }: Deployment) => cloud.openstack.regions.REGION2;
const sources = ({ cloud }: Deployment) => cloud.openstack.regions.REGION1;

/** The owner's own value stays, whatever the import set or will put back. */
const setProperty = (prepared: Prepared, deployment: Deployment, name: string, value: string): void => {
  if (prepared.before === 'deleted' || !targets(deployment).image(prepared.targetId)) return;
  targets(deployment).setProperty(prepared.targetId, name, value);
  prepared.before = { ...prepared.before, [name]: value };
};

export const ownerChanges: readonly OwnerChange[] = [
  {
    ...{ name: 'target deleted', ends: 'either' },
    make: (prepared, deployment) => {
      if (prepared.before === 'deleted') return;
      prepared.before = 'deleted';
      void targets(deployment).remove(prepared.targetId);
    },
  },
  {
    ...{ name: 'a property of the target changed', ends: 'success' },
    make: (prepared, deployment) => {
      setProperty(prepared, deployment, 'mine', 'changed');
      prepared.wanted = { ...prepared.wanted, mine: 'changed' };
    },
  },
  {
    ...{ name: 'a property of the target set that the import sets, too', ends: 'success' },
    make: (prepared, deployment) => {
      setProperty(prepared, deployment, 'hw_disk_bus', 'owner');
      const { hw_disk_bus: _, ...wanted } = prepared.wanted;
      prepared.wanted = wanted;
    },
  },
  {
    ...{ name: 'target made active with other bytes', ends: 'either' },
    make: (prepared, deployment) => {
      const { targetId } = prepared;
      if (targets(deployment).image(targetId)?.status !== 'queued') return;
      const made = {
        status: 'active',
        size: 7,
        os_hash_algo: 'sha512',
        os_hash_value: 'ab'.repeat(64),
      } as const;
      targets(deployment).change(targetId, made);
      // Glance refuses to change an active image's formats, so what was set before may stay set.
      prepared.before = { id: targetId, mine: targets(deployment).image(targetId)?.['mine'], ...made };
      prepared.mayKeepProperties = true;
      // Where the import brings no data, its owner's own is what comes next.
      const { status, size: _, ...properties } = prepared.wanted;
      prepared.wanted = status === 'queued' ? properties : { status: 'nobody may say so' };
    },
  },
  {
    ...{ name: 'source deleted', ends: 'either', ofSource: true },
    make: ({ sourceId = '' }, deployment) => {
      if (sources(deployment).image(sourceId)) void sources(deployment).remove(sourceId);
    },
  },
  {
    ...{ name: 'source deactivated', ends: 'either', ofSource: true },
    make: ({ sourceId = '' }, deployment) => {
      if (sources(deployment).image(sourceId))
        sources(deployment).change(sourceId, { status: 'deactivated' });
    },
  },
  {
    ...{ name: 'a tag of the source added', ends: 'success', ofSource: true },
    make: ({ sourceId = '' }, deployment) => {
      sources(deployment).change(sourceId, { tags: ['new'] });
    },
  },
];

/** Before each call that can see the change: what happens between two of them looks the same to all. */
export const changesAtEveryMoment = (outcome: Outcome): Case[] => {
  const { kind } = outcome.one;
  const changes = ownerChanges.filter(({ ofSource }) => !ofSource || kind.name !== 'web-download');
  return callsOf(outcome).flatMap((call) =>
    changes
      .filter(({ ofSource }) => call.service === (ofSource ? 'source' : 'target'))
      .map((change): Case => {
        const at = nameOf(call);
        return {
          ...{
            group: `${kind.name}: its owner changes it`,
            name: `owner: ${change.name}, seen by ${at}`,
            kind,
          },
          ends: change.ends,
          plan: ([prepared], deployment): Plan => ({
            fateOf: (made) => {
              if (nameOf(made) === at) change.make(prepared, deployment);
              return pass;
            },
          }),
        };
      }),
  );
};
