import type { Retirement, Rung } from '../../policy/policy.ts';
import type { Change, Reliance } from '../change.ts';
import type { Replica } from '../region/region-view.ts';

const isTaken = (rung: Rung, { isHidden, status, visibility }: Replica): boolean =>
  (rung === 'hide' && isHidden) ||
  (rung === 'deactivate' && status === 'deactivated') ||
  (rung === 'private' && visibility === 'private');

/** A record without bytes can go, and nothing else; one that is being filled is left alone. */
const isPossible = (rung: Rung, { status }: Replica): boolean =>
  status === 'active' || status === 'deactivated' || (rung === 'delete' && status === 'queued');

/** The next rung down, one for each run; `delete` only with the second switch. */
export const nextRung = (
  replica: Replica,
  { ladder, isDeleteAllowed }: Pick<Retirement, 'ladder' | 'isDeleteAllowed'>,
): Rung | undefined =>
  ladder.find(
    (rung) => !isTaken(rung, replica) && isPossible(rung, replica) && (rung !== 'delete' || isDeleteAllowed),
  );

/** Why a replica goes, and what has to be there for it. */
export interface Cause {
  readonly reason: string;
  readonly relies?: Reliance;
}

/** What every change of a retirement has. */
export const retirementOf = (
  { region, id, name, provenance, status, isHidden, visibility }: Replica,
  { reason, relies }: Cause,
) =>
  ({
    region,
    image: id,
    name,
    family: provenance.family,
    bytes: 0,
    reason,
    isRetirement: true,
    was: { status, os_hidden: isHidden, visibility },
    ...(relies && { relies }),
  }) as const;

/** Glance removes no protected image, and takes both words in two calls. */
const removal = (replica: Replica, cause: Cause): readonly Change[] => {
  const of = retirementOf(replica, cause);
  const remove: Change = { ...of, kind: 'delete' };
  if (!replica.isProtected) return [remove];
  return [{ ...of, kind: 'update', set: { protected: false }, was: { protected: true } }, remove];
};

export const stepDown = (replica: Replica, rung: Rung, cause: Cause): readonly Change[] => {
  const of = retirementOf(replica, cause);
  if (rung === 'delete') return removal(replica, cause);
  if (rung === 'private') return [{ ...of, kind: 'unpublish', visibility: 'private' }];
  return [{ ...of, kind: rung }];
};
