import type { SQSClient } from '@aws-sdk/client-sqs';
import { unhurried } from '../aws/events.ts';
import { createLocks } from '../aws/state/locks.ts';
import type { Config } from '../config.ts';
import { createRequestReplica } from '../imports/request/request-replica.ts';
import { policiesOf } from '../replication/replicate/policies.ts';
import { composeClouds } from './clouds.ts';
import { composeAnnounce, composeAnnounceReplica } from './events.ts';
import { composeOpenStack } from './openstack.ts';
import { composePolicies } from './policies.ts';
import { composeSealer } from './secrets.ts';
import { composeSend, composeState } from './state.ts';

// From settings to what brings replicas on.

export const composeReplication = (
  config: Config<'IMPORTS_TABLE' | 'STREAM_IMAGE_QUEUE_URL' | 'FAIL_IMPORT_QUEUE_URL'>,
  sqs: SQSClient,
) => {
  const { table, tasks, claims } = composeState(config);
  const send = composeSend(config, sqs);
  const files = composePolicies(config);
  const announce = composeAnnounce(config, unhurried);
  return {
    tasks,
    claims,
    locks: createLocks(table),
    announceReplica: composeAnnounceReplica(config, unhurried),
    clouds: composeClouds(config, composeOpenStack(config)),
    policies: async () => policiesOf(await files()),
    requestReplica: createRequestReplica({ tasks, claims, send, announce, sealer: composeSealer(config) }),
  };
};
