import type { JsonObject } from '../http/json.ts';
import { notFound } from './errors.ts';
import type { ImageRecord } from './record.ts';
import type { Repository } from './repository.ts';
import type { Answer, GlanceRequest } from './request.ts';

/** What Keystone's unified limits give a project for its images: MiB, or a number of images. */
export type QuotaName =
  | 'image_size_total'
  | 'image_stage_total'
  | 'image_count_total'
  | 'image_count_uploading';

export interface Quota {
  /** Negative: none. */
  readonly limit: number;
  /** What the project's images take when absent. */
  readonly usage?: number;
}

/**
 * `off`: [DEFAULT] use_keystone_limits is not set, and nothing is told. `none`: a Glance before API 2.14, which has no such
 * route. A limit that is left out is without end.
 */
export type Quotas = Readonly<Partial<Record<QuotaName, Quota>>> | 'off' | 'none';

const mebibytes = (images: readonly ImageRecord[]): number =>
  Math.floor(images.reduce((sum, { size }) => sum + (size ?? 0), 0) / 2 ** 20);

const isUploading = ({ status }: ImageRecord): boolean =>
  ['saving', 'uploading', 'importing'].includes(status);

/** Glance's glance/quota/keystone.py. */
const usages: Readonly<Record<QuotaName, (images: readonly ImageRecord[]) => number>> = {
  image_size_total: mebibytes,
  image_stage_total: (images) => mebibytes(images.filter(isUploading)),
  image_count_total: (images) => images.length,
  image_count_uploading: (images) => images.filter(isUploading).length,
};

/** GET /v2/info/usage, of the caller's project. Tells quotas; an upload beyond them is taken all the same. */
export const usageInfo = (quotas: Quotas, images: Repository, { caller }: GlanceRequest): Answer => {
  if (quotas === 'none') throw notFound();
  if (quotas === 'off') return { status: 200, json: { usage: {} } };
  const own = images.all().filter(({ owner }) => owner === caller.project?.id);
  const told = (Object.keys(usages) as QuotaName[]).map((name): [string, JsonObject] => {
    const { limit = -1, usage = usages[name](own) } = quotas[name] ?? {};
    return [name, { usage, limit }];
  });
  return { status: 200, json: { usage: Object.fromEntries(told) } };
};
