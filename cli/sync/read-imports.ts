import type { Inventory } from '../../lib/replication/plan/change.ts';
import { isInFlight } from '../../lib/replication/plan/region/region-view.ts';
import type { Policy } from '../../lib/replication/policy/policy.ts';
import { createHistoryOf, withImports } from '../../lib/replication/replicate/imports/read-imports.ts';
import type { ServedAt } from '../deployment/served-regions.ts';
import { overHttp } from '../images/over-http.ts';

interface Options {
  readonly signal: AbortSignal;
}

/**
 * What the deployment says of a policy's imports, as far as it can be asked: whose turn it is under the policy's caps depends
 * on that, and whether anything is at work on a record that is being filled. What has failed is begun again, since
 * somebody calls.
 * @throws the signal's reason
 */
export const readImports = async (
  inventory: Inventory,
  policy: Policy,
  servedAt: ServedAt,
  { signal }: Options,
): Promise<Inventory> => {
  const { importsPerRegion, bytesPerRun } = policy.caps;
  const isCapped = importsPerRegion !== undefined || bytesPerRun !== undefined;
  if (!isCapped && ![...inventory.targets.values()].flat().some(isInFlight)) return inventory;
  return await withImports(inventory, policy, async (target, nowMs) => {
    try {
      const { ferry } = await servedAt(target.region, { signal });
      const services = overHttp(ferry, () => undefined, { signal, mayBegin: false });
      return await createHistoryOf(services, { isRoutine: false })(target, nowMs);
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  });
};
