import { FerryError, hasCode } from '../../errors.ts';
import type { Glance } from '../../openstack/glance/glance.ts';
import { type ImportMethod, importMethods } from './import-body.ts';

interface Options {
  readonly signal: AbortSignal;
}

export interface EnabledMethods {
  /** @throws FerryError `bad-request` in Glance's words */
  require(method: ImportMethod, target: Glance, options: Options): Promise<void>;
  list(target: Glance, options: Options): Promise<readonly ImportMethod[]>;
}

/** What a target's Glance offered, and how long that counts here. */
interface Look {
  readonly methods: readonly string[];
  /** ms since 1970. */
  readonly until: number;
}

const lookEvery = 5 * 60_000; // ms: an operator's change of the target Glance counts here so much later
/** Endpoints whose looks are kept; the oldest goes first. Callers' catalogs have them all from one Keystone. */
const mostLooks = 200;

/** A Glance that does not know the question (before 2.6) has no import methods. */
const methodsOf = async (target: Glance, options: Options): Promise<readonly string[]> => {
  try {
    return await target.importMethods(options);
  } catch (error) {
    if (hasCode(error, 'not-found')) return [];
    throw error;
  }
};

/**
 * Which of our import methods may be asked for. Where the operator names none, `web-download` is here what it is at the
 * target's Glance: whoever has closed it there does not open it again by deploying us. That Glance need not offer
 * `glance-download`, which it has not enabled by default: being deployed is our being enabled. So only a
 * `web-download` ever waits for a look at the target, the first of five minutes.
 * @param named Glance's enabled_import_methods, as the operator sets it for us
 */
export const createEnabledMethods = (named: readonly string[] | undefined): EnabledMethods => {
  /** By endpoint. */
  const looks = new Map<string, Look>();

  const offered = async (target: Glance, options: Options): Promise<readonly string[]> => {
    const { endpoint } = target;
    const known = looks.get(endpoint);
    if (known && known.until > Date.now()) return known.methods;
    const methods = await methodsOf(target, options);
    looks.delete(endpoint);
    const [oldest] = looks.keys();
    if (looks.size >= mostLooks && oldest !== undefined) looks.delete(oldest);
    looks.set(endpoint, { methods, until: Date.now() + lookEvery });
    return methods;
  };

  const isEnabled = async (method: ImportMethod, target: Glance, options: Options): Promise<boolean> => {
    if (named) return named.includes(method);
    return method === 'glance-download' || (await offered(target, options)).includes(method);
  };

  return {
    require: async (method, target, options) => {
      if (await isEnabled(method, target, options)) return;
      throw new FerryError('bad-request', `Unknown import method name '${method}'.`);
    },
    list: async (target, options) => {
      const enabled = importMethods.map(async (method) =>
        (await isEnabled(method, target, options)) ? [method] : [],
      );
      return (await Promise.all(enabled)).flat();
    },
  };
};
