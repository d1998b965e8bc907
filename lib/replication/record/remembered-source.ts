import type { GlanceImage } from '../../schemas/openstack.ts';
import { factsOf } from './facts-of.ts';
import type { ImageFacts } from './image-facts.ts';
import { ferryPrefix } from './provenance.ts';

/**
 * Property of a replica that is not finished: what its record cannot show yet of its source, as JSON by Glance's names. It
 * is written when an import is asked for, so that a replica can be finished whose source goes once its bytes are copied,
 * and removed as the last step.
 */
export const unfinishedName = 'ferry_unfinished';

/** Characters of a property's value that Glance's database takes, with some room. */
const longestText = 60_000;

/** A list of members that is too long is left out: those of the replica are then left alone. */
export const rememberedText = (source: ImageFacts): string => {
  const { visibility, isProtected, isHidden, owner, members } = source;
  const facts = { visibility, protected: isProtected, os_hidden: isHidden, owner };
  const text = JSON.stringify({ ...facts, ...(members && { members }) });
  return text.length <= longestText ? text : JSON.stringify(facts);
};

const objectIn = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
};

const textsIn = (list: unknown): readonly string[] | undefined =>
  Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string') : undefined;

/** Its instance is the family of a snapshot; of any other image the name is. */
const familyProperties = ({ name, provenance }: ImageFacts): Readonly<Record<string, string>> => {
  const { family = '', sourceId } = provenance ?? {};
  const isInstance = family !== '' && family !== name && family !== sourceId;
  return isInstance ? { image_type: 'snapshot', instance_uuid: family } : {};
};

/**
 * The source of a replica that is not finished, from what its record shows and remembers: good for finishing the replica,
 * not for copying.
 * @returns undefined for a replica that is finished, or that nothing was remembered for
 */
export const rememberedSource = (replica: ImageFacts): ImageFacts | undefined => {
  const { name, tags, minDisk, minRam, provenance, properties } = replica;
  const text = properties[unfinishedName];
  if (!text || !provenance) return undefined;
  const { members, ...facts } = objectIn(text);
  const [algorithm, value] = provenance.sourceHash.split(':');
  const own = Object.entries(properties).filter(([property]) => !property.startsWith(ferryPrefix));
  const record = {
    ...familyProperties(replica),
    ...Object.fromEntries(own),
    ...facts,
    ...{ id: provenance.sourceId, status: 'active', name, tags, min_disk: minDisk, min_ram: minRam },
    created_at: provenance.sourceCreatedAt,
    ...(algorithm && value && { os_hash_algo: algorithm, os_hash_value: value }),
  };
  return factsOf(provenance.sourceRegion as ImageFacts['region'], record as GlanceImage, textsIn(members));
};
