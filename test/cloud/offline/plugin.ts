import { resolveEnvironments } from './environment.ts';
import type { Serverless } from './queue-functions.ts';

/** Nobody is left to stop us when the process that started us has gone (serverless-offline.ts). */
function endWithParent(): void {
  const end = () => process.kill(process.pid, 'SIGTERM');
  if (process.connected === false) end();
  process.once('disconnect', end);
}

/**
 * A plugin of osls that completes serverless-offline: it gives the functions this process's environment where
 * serverless.yml speaks of resources, and runs those that are fed by queues. In other commands it does nothing.
 */
export default function localCloud(serverless: Serverless) {
  let stop = async () => {};
  return {
    hooks: {
      'before:offline:start:init': () => {
        resolveEnvironments(serverless.service, process.env);
        endWithParent();
      },
      'after:offline:start:init': async () => {
        const { startQueueFunctions } = await import('./queue-functions.ts');
        stop = startQueueFunctions(serverless);
      },
      'before:offline:start:end': () => stop(),
    },
  };
}
