import { isCustomProperty } from '../../properties/copied.ts';
import type { ImageId, RegionName } from '../../schemas/ids.ts';
import type { GlanceImage } from '../../schemas/openstack.ts';
import type { ImageFacts, ImageHash, Visibility } from './image-facts.ts';
import { known } from './known.ts';
import { provenanceIn } from './provenance.ts';

const visibilities: readonly Visibility[] = ['public', 'community', 'shared', 'private'];

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** A number of bytes, GiB or MiB; what is none, or below zero, counts as unknown. */
const amountOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;

/** ms since 1970. Glance writes ISO 8601 in UTC, its notifications without the `Z`. */
const timeOf = (value: unknown): number | undefined => {
  const text = textOf(value);
  if (!text) return undefined;
  const hasZone = text.endsWith('Z') || /[+-]\d\d:?\d\d$/.test(text);
  const ms = Date.parse(hasZone ? text : `${text.replace(' ', 'T')}Z`);
  return Number.isNaN(ms) ? undefined : ms;
};

const hashOf = ({ os_hash_algo, os_hash_value }: GlanceImage): ImageHash | undefined =>
  os_hash_algo && os_hash_value ? { algorithm: os_hash_algo, value: os_hash_value } : undefined;

/**
 * What replication looks at of an image record, whatever Glance (or who speaks for it) has written: a visibility that
 * nobody knows counts as private, a number that is none as unknown.
 * @param members project ids, where somebody has asked
 */
export const factsOf = (region: RegionName, image: GlanceImage, members?: readonly string[]): ImageFacts => {
  const properties = Object.fromEntries(Object.entries(image).filter(isCustomProperty));
  const updatedAtMs = timeOf(image.updated_at);
  const createdAtMs = timeOf(image['created_at']) ?? updatedAtMs ?? 0;
  const tags = Array.isArray(image['tags']) ? image['tags'] : [];
  return {
    region,
    id: image.id as ImageId,
    name: image.name ?? '',
    status: image.status,
    visibility: visibilities.find((one) => one === image['visibility']) ?? 'private',
    owner: textOf(image['owner']) ?? '',
    isProtected: image['protected'] === true,
    isHidden: image['os_hidden'] === true,
    minDisk: amountOf(image['min_disk']) ?? 0,
    minRam: amountOf(image['min_ram']) ?? 0,
    createdAtMs,
    updatedAtMs: updatedAtMs ?? createdAtMs,
    tags: tags.filter((tag): tag is string => typeof tag === 'string'),
    properties,
    ...known({
      size: amountOf(image.size),
      virtualSize: amountOf(image['virtual_size']),
      diskFormat: textOf(image.disk_format),
      containerFormat: textOf(image.container_format),
      hash: hashOf(image),
      members,
      provenance: provenanceIn(properties),
    }),
  };
};
