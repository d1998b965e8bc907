import { createHash, randomBytes } from 'node:crypto';
import type { ImageView } from '../cloud/openstack/glance/record.ts';
import type { Deployment } from './deployment.ts';
import { sourceGlance } from './regions.ts';

const MiB = 1024 ** 2;

/** Of one part, of two parts, and of three segments (a part has 5 MiB at least); and what they may be replaced by. */
const data = {
  tiny: randomBytes(64 * 1024),
  small: randomBytes(5 * MiB + 4096),
  large: randomBytes(10 * MiB + 4096),
  'tiny, other bytes': randomBytes(64 * 1024),
  'small, other bytes': randomBytes(5 * MiB + 4096),
  'large, other bytes': randomBytes(10 * MiB + 4096),
  'another size': randomBytes(6 * MiB),
} as const;
export type DataName = keyof typeof data;
export type Size = 'tiny' | 'small' | 'large';

export const bytesOf = (name: DataName): Buffer => data[name];

const hashes = new Map<DataName, string>();
const hashOf = (name: DataName): string => {
  const hash = hashes.get(name) ?? createHash('sha512').update(data[name]).digest('hex');
  hashes.set(name, hash);
  return hash;
};

/** Of a target that has these bytes. */
export const active = (name: DataName) => ({
  status: 'active',
  size: data[name].length,
  os_hash_value: hashOf(name),
});

const originals = new Map<DataName, Promise<ImageView>>();

/** An image of the first region with these bytes, whose file all others share. */
const originalOf = (deployment: Deployment, name: DataName): Promise<ImageView> => {
  const made =
    originals.get(name) ?? sourceGlance(deployment).createImage({ name: `original ${name}` }, data[name]);
  originals.set(name, made);
  return made;
};

/** A source of a run's own. */
export const newSource = async (
  deployment: Deployment,
  attributes: object,
  name: DataName,
): Promise<ImageView> => {
  const glance = sourceGlance(deployment);
  const original = await originalOf(deployment, name);
  const source = await glance.createImage(attributes as Record<string, string>);
  glance.become(source.id, original.id);
  return { ...source, ...glance.image(source.id) };
};

/** Ways in which a source may be deleted and made anew under its id, by the image that it becomes. */
export const replacementsOf = async (deployment: Deployment, size: Size) => {
  const names = [`${size}, other bytes`, 'another size'] as const;
  const made = names.map(async (name) => ({ imageId: (await originalOf(deployment, name)).id, name }));
  return await Promise.all(made);
};
export type Replacement = Awaited<ReturnType<typeof replacementsOf>>[number];
