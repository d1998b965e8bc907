import { httpEvent, lambdaContext } from '../integration/lambda.ts';
import { createCallLog } from './call-log.ts';
import { currentInvocation, invoke, newRun, pass } from './context.ts';
import type { Deployment } from './deployment.ts';
import type { Prepared } from './imports-under-test.ts';
import { hidden, type OwnerChange } from './owner-change.ts';
import { targetGlance } from './regions.ts';

/** The owner's own value stays, whatever the import set or will roll back. */
const setProperty = (prepared: Prepared, deployment: Deployment, name: string, value: string): void => {
  if (prepared.before === 'deleted' || !targetGlance(deployment, prepared).image(prepared.targetId)) return;
  targetGlance(deployment, prepared).setProperty(prepared.targetId, name, value);
  prepared.before = { ...prepared.before, [name]: value };
};

/** Bytes of an upload that have come when a target dies. */
const saved = 16 * 1024;

/** What the target's owner does, who has begun the import. */
export const targetChanges: readonly OwnerChange[] = [
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
      // Who does not see an image cannot roll anything back.
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
      // A run of its own, in which nothing goes wrong; it counts among those at work, or the import would be judged, and
      // cleared up, while it still sends for its end.
      const own = newRun({ fateOf: () => pass }, createCallLog());
      const run = { ...own, alive: currentInvocation()?.run.alive ?? own.alive };
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
];
