import { httpEvent, lambdaContext } from '../integration/lambda.ts';
import { callsOf } from './call-faults.ts';
import { createCallLog, nameOf, type Service } from './call-log.ts';
import { invoke, newRun, type Plan, pass } from './context.ts';
import type { Deployment } from './deployment.ts';
import type { ImportUnderTest, Prepared } from './imports-under-test.ts';
import type { Case, Outcome } from './one-run.ts';
import { sourceGlance, targetGlance } from './regions.ts';
import { active, type Replacement } from './source-data.ts';

/** What the owners of target and source do while an import runs. Each changes what may be expected of it. */
export interface OwnerChange {
  readonly name: string;
  readonly ends: Case['ends'];
  /** Whose calls can tell it. */
  readonly seenBy: readonly Service[];
  make(prepared: Prepared, deployment: Deployment): void;
}

/** The owner's own value stays, whatever the import set or will put back. */
const setProperty = (prepared: Prepared, deployment: Deployment, name: string, value: string): void => {
  if (prepared.before === 'deleted' || !targetGlance(deployment, prepared).image(prepared.targetId)) return;
  targetGlance(deployment, prepared).setProperty(prepared.targetId, name, value);
  prepared.before = { ...prepared.before, [name]: value };
};

/** Bytes of an upload that have come when a target dies. */
const saved = 16 * 1024;

/** Another project's, and nobody else sees it. */
const hidden = { owner: 'another-project', visibility: 'private' } as const;

const bytesOfTarget = ({ name }: Replacement) => {
  const { size, os_hash_value } = active(name);
  return { size, os_hash_value };
};

/** Deleted and made anew under its id: what is copied is the old one or the new one, and nothing in between. */
const replacedBy = (what: string): readonly OwnerChange[] => [
  {
    ...{ name: `source replaced by one of ${what}`, ends: 'either', seenBy: ['source'] },
    make: (prepared, deployment) => {
      const { sourceId = '', replacements, wanted } = prepared;
      const replacement = replacements.find(({ name }) => name.includes(what));
      if (!replacement || !sourceGlance(deployment).image(sourceId)) return;
      sourceGlance(deployment).become(sourceId, replacement.imageId);
      // Also of one that is not to be active any more: others have the same source.
      if (wanted['status'] !== 'queued') prepared.orBytes.push(bytesOfTarget(replacement));
    },
  },
];

export const ownerChanges: readonly OwnerChange[] = [
  {
    ...{ name: 'target deleted', ends: 'either', seenBy: ['target'] },
    make: (prepared, deployment) => {
      if (prepared.before === 'deleted') return;
      prepared.before = 'deleted';
      void targetGlance(deployment, prepared).remove(prepared.targetId);
    },
  },
  {
    ...{ name: 'a property of the target changed', ends: 'success', seenBy: ['target'] },
    make: (prepared, deployment) => {
      setProperty(prepared, deployment, 'mine', 'changed');
      prepared.wanted = { ...prepared.wanted, mine: 'changed' };
    },
  },
  {
    ...{
      name: 'a property of the target set that the import sets, too',
      ends: 'success',
      seenBy: ['target'],
    },
    make: (prepared, deployment) => {
      setProperty(prepared, deployment, 'hw_disk_bus', 'owner');
      const { hw_disk_bus: _, ...wanted } = prepared.wanted;
      prepared.wanted = wanted;
    },
  },
  {
    ...{ name: 'target made active with other bytes', ends: 'either', seenBy: ['target'] },
    make: (prepared, deployment) => {
      const { targetId } = prepared;
      if (targetGlance(deployment, prepared).image(targetId)?.status !== 'queued') return;
      const made = {
        status: 'active',
        size: 7,
        os_hash_algo: 'sha512',
        os_hash_value: 'ab'.repeat(64),
      } as const;
      targetGlance(deployment, prepared).change(targetId, made);
      // Glance refuses to change an active image's formats, so what was set before may stay set.
      prepared.before = {
        id: targetId,
        mine: targetGlance(deployment, prepared).image(targetId)?.['mine'],
        ...made,
      };
      prepared.mayKeepProperties = true;
      // Where the import brings no data, its owner's own is what comes next.
      const { status, size: _, ...properties } = prepared.wanted;
      prepared.wanted = status === 'queued' ? properties : { status: 'nobody may say so' };
    },
  },
  {
    ...{ name: 'target hidden from its importer', ends: 'either', seenBy: ['target'] },
    make: (prepared, deployment) => {
      const { targetId, before } = prepared;
      if (before === 'deleted' || !targetGlance(deployment, prepared).image(targetId)) return;
      targetGlance(deployment, prepared).change(targetId, hidden);
      prepared.before = { id: targetId, mine: before['mine'], ...hidden };
      // Who does not see an image cannot put anything back.
      prepared.mayKeepProperties = true;
    },
  },
  {
    // Whose process is its owner's as well.
    ...{ name: 'target dies while it saves', ends: 'success', seenBy: ['target'] },
    make: (prepared, deployment) => {
      const fault = { on: 'put-file', kind: 'drop-after', bytes: saved } as const;
      targetGlance(deployment, prepared).fault(prepared.targetId, fault);
    },
  },
  {
    ...{ name: 'target protected', ends: 'success', seenBy: ['target'] },
    make: (prepared, deployment) => {
      const { targetId, before } = prepared;
      if (before === 'deleted' || !targetGlance(deployment, prepared).image(targetId)) return;
      targetGlance(deployment, prepared).change(targetId, { protected: true });
      prepared.before = { ...before, protected: true };
    },
  },
  {
    ...{ name: 'it is cancelled', ends: 'either', seenBy: ['source', 'target'] },
    make: ({ region, targetId, token }, { functions }) => {
      const event = httpEvent({ method: 'DELETE', region, imageId: targetId, token });
      // A run of its own, in which nothing goes wrong.
      const run = newRun({ fateOf: () => pass }, createCallLog());
      const handler = functions.standard['cancel-import'];
      void invoke(run, 'cancel-import', () => handler(event, lambdaContext(29_000)));
    },
  },
  {
    ...{ name: "its caller's token ends", ends: 'either', seenBy: ['keystone', 'source', 'target'] },
    make: ({ token }, { cloud }) => cloud.openstack.keystone.tokens.expire(token),
  },
  {
    ...{ name: "its caller's token is revoked", ends: 'either', seenBy: ['keystone', 'source', 'target'] },
    make: ({ token }, { cloud }) => cloud.openstack.keystone.tokens.revoke(token),
  },
  {
    ...{ name: 'source deleted', ends: 'either', seenBy: ['source'] },
    make: ({ sourceId = '' }, deployment) => {
      if (sourceGlance(deployment).image(sourceId)) void sourceGlance(deployment).remove(sourceId);
    },
  },
  {
    ...{ name: 'source deactivated', ends: 'either', seenBy: ['source'] },
    make: ({ sourceId = '' }, deployment) => {
      if (sourceGlance(deployment).image(sourceId))
        sourceGlance(deployment).change(sourceId, { status: 'deactivated' });
    },
  },
  {
    ...{ name: 'source hidden from its importer', ends: 'either', seenBy: ['source'] },
    make: ({ sourceId = '' }, deployment) => {
      if (sourceGlance(deployment).image(sourceId)) sourceGlance(deployment).change(sourceId, hidden);
    },
  },
  ...replacedBy('other bytes'),
  ...replacedBy('another size'),
  {
    ...{ name: 'a tag of the source added', ends: 'success', seenBy: ['source'] },
    make: ({ sourceId = '' }, deployment) => {
      if (sourceGlance(deployment).image(sourceId))
        sourceGlance(deployment).change(sourceId, { tags: ['new'] });
    },
  },
  {
    ...{ name: 'source made public', ends: 'success', seenBy: ['source'] },
    make: ({ sourceId = '' }, deployment) => {
      if (sourceGlance(deployment).image(sourceId))
        sourceGlance(deployment).change(sourceId, { visibility: 'public' });
    },
  },
];

/** A web-download has no source with an owner. */
export const changesOf = ({ name }: ImportUnderTest): readonly OwnerChange[] =>
  ownerChanges.filter(({ seenBy }) => seenBy.includes('target') || !name.startsWith('web-download'));

/** Before each call that can see the change: what happens between two of them looks the same to all. */
export const changesAtEveryMoment = (outcome: Outcome): Case[] => {
  const { kind } = outcome.one;
  return callsOf(outcome).flatMap((call) =>
    changesOf(kind)
      .filter(({ seenBy }) => seenBy.includes(call.service))
      .map((change): Case => {
        const at = nameOf(call);
        return {
          ...{ group: `${kind.name}: its owner changes it`, kind, ends: change.ends },
          name: `owner: ${change.name}, seen by ${at}`,
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
