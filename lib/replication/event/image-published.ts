import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import { isSameRegion } from '../../openstack/catalog.ts';
import { type ImageId, parseImageId, type RegionName } from '../../schemas/ids.ts';
import type { ImagePublished, ReplicaSettings } from '../../schemas/replication/image-published.ts';
import { isImagePublished } from '../../schemas/validators.js';
import { refusalOfProperties } from '../policy/settable.ts';
import { inWords } from './in-words.ts';

/** Detail-type on EventBridge. */
export const publishedDetailType = 'Image Published';
/** `type` of a CloudEvent. */
export const publishedType = 'glance-ferry.image.published';

/** In place of a policy's name: each that selects the image. */
export const everyPolicy = '*';

/** One region where a single request wants the image. */
export interface PublishedTarget {
  readonly region: RegionName;
  readonly request: ReplicaSettings;
}

/** The event, as code works with it. */
export interface Published {
  readonly source: { readonly region: RegionName; readonly imageId: ImageId };
  /** Targets, or the name of a policy. */
  readonly wanted: readonly PublishedTarget[] | string;
}

const refused = (reason: string): FerryError =>
  new FerryError('bad-request', `The event is no "${publishedDetailType}": ${reason}`);

const targetsOf = ({ source, targets = [], identity, retire_older }: ImagePublished): PublishedTarget[] => {
  const manner = { ...(identity && { identity }), ...(retire_older !== undefined && { retire_older }) };
  const names = targets.map(({ region }) => region);
  const twice = names.find((region, at) => names.findIndex((one) => isSameRegion(one, region)) !== at);
  if (twice !== undefined) throw refused(`targets has region ${echo(twice)} twice`);
  for (const { properties } of targets) {
    const refusal = refusalOfProperties(properties);
    if (refusal !== undefined) throw refused(refusal);
  }
  if (names.some((region) => isSameRegion(region, source.region)))
    throw refused(`region ${echo(source.region)} is source and target`);
  return targets.map(({ region, ...settings }) => ({
    region: region as RegionName,
    request: { ...settings, ...manner },
  }));
};

/**
 * Reads an event, without whatever it came in.
 * @throws FerryError `bad-request` that names every unknown field
 */
export const parsePublished = (value: unknown): Published => {
  if (!isImagePublished(value)) throw refused(inWords(isImagePublished.errors ?? []));
  const event: ImagePublished = value;
  const { region, image_id } = event.source;
  const imageId = parseImageId(image_id);
  if (!imageId) throw refused(`source/image_id must be a UUID (got ${echo(image_id)})`);
  return { source: { region: region as RegionName, imageId }, wanted: event.policy ?? targetsOf(event) };
};
