// `node --import`: puts what is simulated in the place of the two modules that move bytes.
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';

const urlOf = (path: string): URL => new URL(path, import.meta.url);

const standIns = new Map(
  [
    ['../../lib/copies/bytes/copy-range.ts', './copy-range.ts'] as const,
    ['../../lib/copies/object/verify-object.ts', './verify-object.ts'] as const,
  ].map(([real, simulated]) => {
    if (!existsSync(urlOf(real))) throw new Error(`there is no ${real} whose place could be taken`);
    return [urlOf(real).href, urlOf(simulated).href];
  }),
);

registerHooks({
  resolve: (specifier, context, nextResolve) => {
    const found = nextResolve(specifier, context);
    return { ...found, url: standIns.get(found.url) ?? found.url };
  },
});
