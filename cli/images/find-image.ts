import type { CloudRegion } from '../../lib/clouds/cloud.ts';
import { FerryError } from '../../lib/errors.ts';
import { exactly } from '../../lib/openstack/glance/images.ts';
import { factsOf } from '../../lib/replication/record/facts-of.ts';
import type { ImageFacts } from '../../lib/replication/record/image-facts.ts';
import { parseImageId } from '../../lib/schemas/ids.ts';
import { WrongUse } from '../call/io.ts';

interface Options {
  readonly signal: AbortSignal;
}

const listed = ({ id, status, createdAtMs, owner }: ImageFacts): string =>
  `  ${id}  ${status}  created ${new Date(createdAtMs).toISOString()}  project ${owner}`;

/**
 * The image that a person means: by its id, or by a name that only one has.
 * @throws WrongUse for a name that several have, with all of them
 * @throws FerryError `not-found`
 */
export const findImage = async (
  { images, region }: Pick<CloudRegion, 'images' | 'region'>,
  named: string,
  options: Options,
): Promise<ImageFacts> => {
  const id = parseImageId(named);
  if (id) return factsOf(region, await images.image(id, options));
  const found: ImageFacts[] = [];
  for (const hidden of [{}, { os_hidden: 'true' }])
    for await (const page of images.list({ name: exactly(named), ...hidden }, options))
      found.push(...page.map((image) => factsOf(region, image)));
  const [first, ...others] = found;
  if (!first) throw new FerryError('not-found', `Region ${region} has no image of the name ${named}`);
  if (others.length === 0) return first;
  const all = found.map(listed).join('\n');
  throw new WrongUse(`Region ${region} has several images of the name ${named}; name one by its id:\n${all}`);
};
