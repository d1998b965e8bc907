import { echo } from '../../echo.ts';
import { FerryError, hasCode } from '../../errors.ts';
import type { Glance } from '../../openstack/glance/glance.ts';
import type { GlanceStore } from '../../schemas/openstack.ts';
import type { ImportBody } from './import-body.ts';

/** What a request says of stores: its body, and its header X-Image-Meta-Store. */
export interface WantedStores {
  readonly body: Pick<ImportBody, 'stores' | 'all_stores'>;
  readonly header: string | undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string';

/** The request's words, for its refusal; empty when it says nothing of stores. */
const wordsOf = ({ body: { stores, all_stores }, header }: WantedStores): string => {
  if (all_stores === true) return 'all_stores';
  const named = Array.isArray(stores) && stores.every(isText) ? stores.join(', ') : stores;
  return named || header ? `stores: ${echo(named || header)}` : '';
};

/** Whether the request comes to the default store alone. `all_stores` are those that can be written to, as in Glance. */
const meansDefault = ({ body, header }: WantedStores, known: readonly GlanceStore[]): boolean => {
  const { stores = [], all_stores } = body;
  const writable = known.filter((store) => store['read-only'] !== 'true').map(({ id }) => id);
  const named = [stores, all_stores === true ? writable : [], header ?? []].flat();
  const byDefault = known.find((store) => store.default === 'true')?.id;
  return Array.isArray(stores) && named.every((name) => name === byDefault);
};

/** A Glance of one store has no list of them (404), and takes no notice of the stores that a request names. */
const storesOf = async (target: Glance, options: { readonly signal: AbortSignal }) => {
  try {
    return await target.stores(options);
  } catch (error) {
    if (hasCode(error, 'not-found')) return undefined;
    throw error;
  }
};

/**
 * An image's data has one way into Glance, into the default store. Which one that is, Glance is asked only if the request
 * names one.
 * @throws FerryError `bad-request` when the request asks for another
 */
export const requireDefaultStore = async (
  wanted: WantedStores,
  target: Glance,
  options: { readonly signal: AbortSignal },
): Promise<void> => {
  const words = wordsOf(wanted);
  if (words === '') return;
  const known = await storesOf(target, options);
  if (!known || meansDefault(wanted, known)) return;
  throw new FerryError(
    'bad-request',
    `The image goes to the default store, others cannot be chosen here (got ${words})`,
  );
};
