import { hidden, type OwnerChange } from './owner-change.ts';
import { sourceGlance } from './regions.ts';
import { active, type Replacement } from './source-data.ts';

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

/** What the source's owner does. */
export const sourceChanges: readonly OwnerChange[] = [
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
