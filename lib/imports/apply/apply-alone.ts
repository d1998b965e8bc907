import { sourceImage } from '../../download/glance-download.ts';
import { echo } from '../../echo.ts';
import { FerryError } from '../../errors.ts';
import { endpointNotFound, imageEndpoint } from '../../openstack/catalog.ts';
import { callersToken } from '../../openstack/credentials.ts';
import { createGlance, type Glance } from '../../openstack/glance/glance.ts';
import type { OpenStackHttp } from '../../openstack/http.ts';
import type { Identity } from '../../openstack/validate-token.ts';
import { type PropertyRules, wantedProperties } from '../../properties/wanted.ts';
import { type ImageId, parseImageId, type Token } from '../../schemas/ids.ts';
import { isApplyMetadataInvocation } from '../../schemas/validators.js';
import type { Claims } from '../../state/claims.ts';
import type { Targets } from '../access/targets.ts';
import { requireNoImportOfGlance } from '../record/glance-tasks.ts';
import { applyProperties } from './apply-properties.ts';

export interface ApplyAloneServices {
  readonly http: OpenStackHttp;
  readonly targets: Targets;
  readonly claims: Pick<Claims, 'holder'>;
  readonly propertyRules: PropertyRules;
}

/** What was set on the target. */
export interface Applied {
  readonly image_id: ImageId;
  readonly properties: Readonly<Record<string, string>>;
}

const requireImageId = (text: string): ImageId => {
  const id = parseImageId(text);
  if (id) return id;
  throw new FerryError('bad-request', `Image id does not look like a UUID: ${echo(text)}`);
};

/**
 * apply-metadata on its own, from a direct invocation with the caller's token: formats and properties of a queued
 * target, nothing else. Its input alone decides whether it can run (specification, "Work Items").
 * @throws FerryError `bad-request` for another input; what Keystone and Glance refuse
 */
export const createApplyAlone = (services: ApplyAloneServices) => {
  const sourceGlance = (
    { catalog }: Identity,
    token: Token,
    wanted: { region: string; interface: string },
  ): Glance => {
    const endpoint = imageEndpoint(catalog, wanted);
    if (!endpoint) throw new FerryError('bad-request', endpointNotFound(wanted));
    return createGlance(endpoint, callersToken(token), services.http);
  };

  return async (input: unknown, { signal }: { readonly signal: AbortSignal }): Promise<Applied> => {
    if (!isApplyMetadataInvocation(input)) {
      const [problem] = isApplyMetadataInvocation.errors ?? [];
      throw new FerryError(
        'bad-request',
        `The invocation's input is not valid: ${problem?.instancePath} ${problem?.message}`,
      );
    }
    const { glance_region, glance_service_interface = 'public' } = input;
    const token = input.token as Token;
    const imageId = requireImageId(input.image_id);
    const sourceId = requireImageId(input.glance_image_id);
    const { identity, region, target } = await services.targets.caller({
      token,
      region: input.region,
      signal,
    });
    const wantedSource = { region: glance_region, interface: glance_service_interface };
    const source = sourceGlance(identity, token, wantedSource);
    const record = await sourceImage(source, { region: glance_region, imageId: sourceId }, { signal });
    const image = await target.image(imageId, { signal });
    await requireNoImportOfGlance(target, image, { signal });
    if (await services.claims.holder({ region, imageId }))
      throw new FerryError('conflict', 'Image has active task');
    const wanted = wantedProperties(record, identity, services.propertyRules);
    await applyProperties({ glance: target, image }, wanted, { signal });
    return { image_id: imageId, properties: wanted };
  };
};
