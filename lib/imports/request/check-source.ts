import { refuseEmptySnapshot, sourceImage } from '../../download/glance-download.ts';
import type { UriFilter } from '../../download/uri-filter.ts';
import { doesNotPass } from '../../download/web-download.ts';
import { FerryError } from '../../errors.ts';
import { endpointNotFound } from '../../openstack/catalog.ts';
import { callersToken } from '../../openstack/credentials.ts';
import { createGlance } from '../../openstack/glance/glance.ts';
import type { OpenStackHttp } from '../../openstack/http.ts';
import { untilAborted } from '../../promises.ts';
import { copiedProperties } from '../../properties/copied.ts';
import { requireKeepable } from '../../properties/wanted.ts';
import type { Token } from '../../schemas/ids.ts';
import type { TaskSource } from '../../state/task.ts';
import type { RequestedSource } from '../record/new-task.ts';

type GlanceTaskSource = Extract<TaskSource, { kind: 'glance-download' }>;

export interface SourceChecks {
  readonly http: OpenStackHttp;
  readonly uriFilter: UriFilter;
  /** Bytes; Glance's image_size_cap. */
  readonly imageSizeCap: number;
  /** Prefixes of the properties that are copied. */
  readonly propertyPrefixes: readonly string[];
}

interface Options {
  readonly signal: AbortSignal;
}

const badRequest = (message: string): FerryError => new FerryError('bad-request', message);

/**
 * What of the source can be known before anything is queued.
 * @throws FerryError `bad-request` with the reason, `limit-exceeded`, or `unavailable`
 */
export const createSourceCheck = ({ http, uriFilter, imageSizeCap, propertyPrefixes }: SourceChecks) => {
  const checkGlance = async (source: GlanceTaskSource, token: Token, options: Options): Promise<void> => {
    if (!source.endpoint) throw badRequest(endpointNotFound(source));
    const glance = createGlance(source.endpoint, callersToken(token), http);
    const image = await sourceImage(glance, source, options);
    refuseEmptySnapshot(image);
    requireKeepable('The properties to be copied', copiedProperties(image, propertyPrefixes));
    if (image.size <= imageSizeCap) return;
    throw new FerryError(
      'limit-exceeded',
      `Source image of ${image.size} bytes exceeds image_size_cap, ${imageSizeCap} bytes`,
    );
  };

  return async (
    requested: RequestedSource,
    source: TaskSource,
    token: Token,
    options: Options,
  ): Promise<void> => {
    if (source.kind === 'glance-download') return await checkGlance(source, token, options);
    if (requested.kind !== 'web-download') return;
    if (!(await untilAborted(uriFilter.passes(requested.uri), options.signal)))
      throw doesNotPass(requested.uri);
  };
};
