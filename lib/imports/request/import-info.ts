import type { Asking, Targets } from '../access/targets.ts';
import type { EnabledMethods } from './enabled-methods.ts';

export interface InfoServices {
  readonly targets: Targets;
  readonly enabledMethods: EnabledMethods;
}

/**
 * The import methods that our POST answers, in the form of Glance's GET /v2/info/import. Others of the target's Glance,
 * such as `glance-direct`, are asked for at its own URL.
 */
export const createImportInfo =
  ({ targets, enabledMethods }: InfoServices) =>
  async (asking: Asking) => {
    const { target } = await targets.caller(asking);
    const value = await enabledMethods.list(target, asking);
    return { 'import-methods': { description: 'Import methods available.', type: 'array', value } };
  };
