// `node --import`: puts what is simulated in the place of the two modules that move bytes.
import { registerHooks } from 'node:module';

const simulated = ['copy-range.ts', 'verify-object.ts'];

registerHooks({
  resolve: (specifier, context, nextResolve) => {
    const found = nextResolve(specifier, context);
    const name = simulated.find((one) => found.url.endsWith(`/lib/copies/${one}`));
    return name ? { ...found, url: new URL(name, import.meta.url).href } : found;
  },
});
