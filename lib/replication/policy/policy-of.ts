import type { RegionName } from '../../schemas/ids.ts';
import type { PolicyFile } from '../../schemas/replication/policy.ts';
import { known } from '../record/known.ts';
import { durationMs, sizeBytes } from './amounts.ts';
import { policyDefaults, retirementDefaults } from './defaults.ts';
import type {
  Caps,
  Policy,
  PolicyTarget,
  ReplicaIdentity,
  Retirement,
  Selection,
  SetOnReplicas,
  Synced,
} from './policy.ts';

const selectionOf = ({
  min_age,
  max_age,
  has_members,
  ...asWritten
}: NonNullable<PolicyFile['select']>): Selection =>
  known({
    ...asWritten,
    minAgeMs: min_age === undefined ? undefined : durationMs(min_age),
    maxAgeMs: max_age === undefined ? undefined : durationMs(max_age),
    hasMembers: has_members,
  });

const syncedOf = ({ protected: protection, ...asWritten }: NonNullable<PolicyFile['sync']>): Synced => ({
  ...policyDefaults.synced,
  ...known({ ...asWritten, protection }),
});

const setOf = ({
  protected: isProtected,
  hidden: isHidden,
  ...asWritten
}: NonNullable<PolicyFile['set']>): SetOnReplicas => known({ ...asWritten, isProtected, isHidden });

/** Whoever has new ones take the place of old ones wants the old ones out of the way. */
const retirementOf = ({ retirement, on_conflict }: PolicyFile): Retirement | undefined => {
  if (!retirement)
    return on_conflict === 'replace' || on_conflict === 'rename' ? retirementDefaults : undefined;
  const { ladder, allow_delete, old_name, removed } = retirement;
  return {
    ladder: ladder ?? retirementDefaults.ladder,
    isDeleteAllowed: allow_delete ?? retirementDefaults.isDeleteAllowed,
    oldName: old_name ?? retirementDefaults.oldName,
    isForRemoved: removed === undefined ? retirementDefaults.isForRemoved : removed === 'retire',
  };
};

const capsOf = ({ removals, bytes, imports }: NonNullable<PolicyFile['caps']>): Caps =>
  known({
    removalsPerRun: removals ?? policyDefaults.caps.removalsPerRun,
    bytesPerRun: bytes === undefined ? undefined : sizeBytes(bytes),
    importsPerRegion: imports,
  });

/** Images are told apart by their names, as people do it; snapshots are not: all of an instance stay. */
export const identityOf = ({ identity, select }: PolicyFile): ReplicaIdentity =>
  identity ?? (select?.snapshots === true ? 'provenance' : 'name');

const targetOf = ({
  region,
  projects = {},
  reserved_marks: areMarksReserved = false,
}: PolicyFile['targets'][number]): PolicyTarget => ({
  ...{ region: region as RegionName, projects },
  ...(areMarksReserved && { areMarksReserved }),
});

/** A policy's file, in our words, with all defaults in. */
export const policyOf = (file: PolicyFile): Policy => {
  const retirement = retirementOf(file);
  return {
    name: file.name,
    source: { region: file.source.region as RegionName },
    targets: file.targets.map(targetOf),
    select: selectionOf(file.select ?? {}),
    identity: identityOf(file),
    synced: syncedOf(file.sync ?? {}),
    set: setOf(file.set ?? {}),
    onConflict: file.on_conflict ?? policyDefaults.onConflict,
    ...(file.retention && { retention: known(file.retention) }),
    ...(retirement && { retirement }),
    caps: capsOf(file.caps ?? {}),
  };
};
