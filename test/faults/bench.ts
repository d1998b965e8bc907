import { type Deployment, deploy } from './deployment.ts';
import { createInvestigator, type Investigator } from './evidence.ts';
import { type ExpiryWatch, startExpiryWatch } from './expiry-watch.ts';
import { type Pump, startPump } from './pump.ts';
import { createQueueWatch, type QueueWatch } from './queue-watch.ts';

/** All that runs share: the deployment, who feeds it, and who looks at it. */
export interface Bench {
  readonly deployment: Deployment;
  readonly pump: Pump;
  readonly watch: QueueWatch;
  readonly investigator: Investigator;
  readonly expiry: ExpiryWatch;
  stop(): Promise<void>;
}

/** Once in a process, see `deploy`. */
export const startBench = async (): Promise<Bench> => {
  const deployment = await deploy();
  const { aws } = deployment.cloud;
  const [pump, expiry, investigator] = [
    startPump(aws),
    startExpiryWatch(aws),
    createInvestigator(deployment),
  ];
  return {
    ...{ deployment, pump, watch: createQueueWatch(aws), investigator, expiry },
    stop: async () => {
      await Promise.all([pump.stop(), expiry.stop()]);
      investigator.stop();
      await deployment.stop();
    },
  };
};
