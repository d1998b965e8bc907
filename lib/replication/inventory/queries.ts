import { exactly, type ImageQuery } from '../../openstack/glance/images.ts';
import { isCustomProperty } from '../../properties/copied.ts';
import type { ImageId, RegionName } from '../../schemas/ids.ts';
import type { Selection } from '../policy/policy.ts';
import { provenanceNames } from '../record/provenance.ts';

// What Glance is asked for: few lists that hold all that matters, and little else. What a filter of Glance's cannot say is
// left to the plan, so a list may hold more than is selected, and never less.

/** `os_hidden=true` lists hidden ones alone (Glance's API, "List images"), so all are two lists. */
const shownAndHidden = (query: ImageQuery): readonly ImageQuery[] => [query, { ...query, os_hidden: 'true' }];

/**
 * One visibility is a filter; several are none. Community images of others are in no list that does not ask for them
 * (Glance's API, "List images"), and no filter asks for them beside others but `all`.
 */
const visibilityOf = ({ visibility }: Selection): ImageQuery => {
  if (visibility?.length === 1) return { visibility: visibility.join() };
  return visibility?.includes('community') ? { visibility: 'all' } : {};
};

/** What a list's parameters mean beside attributes (glance/api/v2/images.py, RequestDeserializer.index). */
const parameters = [
  'limit',
  'marker',
  'sort',
  'sort_key',
  'sort_dir',
  'tag',
  'member_status',
  'size_min',
  'size_max',
];

const propertiesOf = ({ properties = {} }: Selection): ImageQuery =>
  Object.fromEntries(
    Object.entries(properties).filter((entry) => isCustomProperty(entry) && !parameters.includes(entry[0])),
  );

/** All that may be selected and is not hidden. Of several owners none is named. */
export const shownQuery = (select: Selection): ImageQuery => ({
  ...propertiesOf(select),
  ...visibilityOf(select),
  ...(select.owners?.length === 1 && { owner: select.owners.join() }),
  ...(select.tags && select.tags.length > 0 && { tag: select.tags }),
});

/** All that may be selected. */
export const sourceQueries = (select: Selection): readonly ImageQuery[] => shownAndHidden(shownQuery(select));

/**
 * The replicas of a source region that projects have: our own, and those to which a policy gives some. Community images of
 * others are in no list that does not ask for them.
 */
export const replicaQueries = (
  source: RegionName,
  own: string,
  others: readonly string[],
): readonly ImageQuery[] => {
  const named = { [provenanceNames.sourceRegion]: source };
  const given = [...new Set(others)].filter((project) => project !== own);
  return [
    ...shownAndHidden({ owner: own, ...named }),
    ...given.flatMap((owner) => shownAndHidden({ owner, visibility: 'all', ...named })),
  ];
};

/** Characters of a list in a URL: uWSGI's buffer for a whole request is 4096 bytes. */
const longestList = 2000;

/** `in:a,b`, as many lists as it takes. */
const listsOf = (texts: readonly string[]): readonly string[] => {
  const lists: string[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const text of texts) {
    const own = encodeURIComponent(text).length + 3;
    if (length + own > longestList) {
      lists.push([]);
      length = 0;
    }
    lists.at(-1)?.push(text);
    length += own;
  }
  return lists.map((list) => `in:${list.join(',')}`);
};

/** What a list cannot hold: its separator, and quotes, which Glance gives a meaning (split_filter_value_for_quotes). */
const isListable = (name: string): boolean => !/[,"\\]/.test(name);

/** Images of these names, whoever has them. One without a name is no filter. */
export const nameQueries = (names: readonly string[]): readonly ImageQuery[] => {
  const given = [...new Set(names)].filter((name) => name !== '');
  const alone = given.filter((name) => !isListable(name)).map(exactly);
  return [...listsOf(given.filter(isListable)), ...alone].map((name) => ({ name }));
};

/** Images that may be selected and are not hidden, of these names or of these instances. */
export const familyQueries = (
  select: Selection,
  names: readonly string[],
  instances: readonly string[],
): readonly ImageQuery[] =>
  [...nameQueries(names), ...instances.map((instance_uuid) => ({ instance_uuid }))].map((query) => ({
    ...shownQuery(select),
    ...query,
  }));

/** Images of these ids. */
export const idQueries = (ids: readonly ImageId[]): readonly ImageQuery[] =>
  listsOf(ids).flatMap((id) => shownAndHidden({ id, visibility: 'all' }));
