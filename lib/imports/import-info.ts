import type { Token } from '../schemas/ids.ts';
import { importMethods } from './import-body.ts';
import type { TargetRegion } from './target-region.ts';

/** The import methods of the target Glance and ours, in the form of Glance's GET /v2/info/import. */
export const createImportInfo =
  ({ targetRegion }: { readonly targetRegion: TargetRegion }) =>
  async (token: Token, options: { readonly signal: AbortSignal }) => {
    const { target } = await targetRegion(token, options);
    const value = [...new Set([...(await target.importMethods(options)), ...importMethods])];
    return { 'import-methods': { description: 'Import methods available.', type: 'array', value } };
  };
