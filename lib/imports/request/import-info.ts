import type { Token } from '../../schemas/ids.ts';
import type { EnabledMethods } from './enabled-methods.ts';
import type { TargetRegion } from './target-region.ts';

export interface InfoServices {
  readonly targetRegion: TargetRegion;
  readonly enabledMethods: EnabledMethods;
}

/**
 * The import methods that our POST answers, in the form of Glance's GET /v2/info/import. Others of the target's Glance,
 * such as `glance-direct`, are asked for at its own URL.
 */
export const createImportInfo =
  ({ targetRegion, enabledMethods }: InfoServices) =>
  async (token: Token, options: { readonly signal: AbortSignal }) => {
    const { target } = await targetRegion(token, options);
    const value = await enabledMethods.list(target, options);
    return { 'import-methods': { description: 'Import methods available.', type: 'array', value } };
  };
