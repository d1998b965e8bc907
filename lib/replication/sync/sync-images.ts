import { createHash } from 'node:crypto';
import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import { log } from '../../log.ts';
import { countNotSynced } from '../../metrics.ts';
import type { SyncRequest } from '../../schemas/replication/sync.ts';
import type { Policy } from '../policy/policy.ts';
import type { BrokenPolicy, PolicyFiles } from '../policy/policy-files.ts';
import { type PolicyReport, type SyncOptions, type SyncServices, syncPolicy } from './sync-policy.ts';

export interface SyncImagesServices extends SyncServices {
  /** Of the deployment. */
  policies(): Promise<PolicyFiles>;
}

/**
 * From another one on in each run, so that none waits for ever when the time never suffices for all. By chance of the run's
 * time: whatever counts hours or days begins with the same one again on some schedule.
 */
const inTurn = (policies: readonly Policy[], atMs: number): readonly Policy[] => {
  const chance = createHash('sha256').update(String(atMs)).digest().readUInt32BE();
  const first = chance % Math.max(1, policies.length);
  return [...policies.slice(first), ...policies.slice(0, first)];
};

/** @throws FerryError `bad-request` for a policy that there is not */
const chosen = ({ policies, broken }: PolicyFiles, { policy }: SyncRequest): readonly Policy[] => {
  if (policy === undefined) return policies;
  const found = policies.filter(({ name }) => name === policy);
  if (found.length > 0) return found;
  const names = policies.map(({ name }) => name).join(', ') || 'none';
  const further = broken.map(({ file, reason }) => `; ${file}: ${reason}`).join('');
  throw new FerryError('bad-request', `There is no policy ${echo(policy)}; policies: ${names}${further}`);
};

const left = ({ name }: Policy): PolicyReport => {
  log.warn('policy left to the next run', { policy: name });
  return { policy: name, regions: {}, results: [], isLeft: true };
};

const failedOf = ({ file, reason }: BrokenPolicy): PolicyReport => ({
  ...{ policy: file, regions: {}, results: [], failed: reason },
});

/**
 * Brings regions to what the deployment's policies say, one policy after the other. One that fails, or cannot be read,
 * does not keep the others; when the time ends, what is left is the next run's.
 * @throws FerryError `bad-request` for a policy that there is not
 */
export const createSyncImages =
  (services: SyncImagesServices) =>
  async (request: SyncRequest, options: Omit<SyncOptions, 'isDry'>): Promise<readonly PolicyReport[]> => {
    const isDry = request.dryRun ?? false;
    const files = await services.policies();
    const reports = request.policy === undefined ? files.broken.map(failedOf) : [];
    for (const policy of inTurn(chosen(files, request), options.atMs))
      reports.push(
        options.signal.aborted ? left(policy) : await syncPolicy(services, policy, { ...options, isDry }),
      );
    if (!isDry) countNotSynced(reports.filter(({ failed }) => failed !== undefined).length);
    return reports;
  };
