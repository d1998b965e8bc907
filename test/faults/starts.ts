import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { asFerryError } from '../../lib/errors.ts';
import type { Answer } from '../integration/ferry.ts';
import { httpEvent, lambdaContext } from '../integration/lambda.ts';
import { invoke, type Run } from './context.ts';
import type { Functions } from './deployment.ts';
import type { ImportUnderTest, Prepared } from './imports-under-test.ts';
import { sourceRegion } from './regions.ts';
import { requestReplica } from './request-replica.ts';

/** Starts one import of a run. @returns what its caller is told; `died` where nobody tells him anything */
export type Start = (run: Run, functions: Functions, prepared: Prepared) => Promise<Answer | 'died'>;

const byRequest: Start = async (run, functions, { region, targetId, body, token }) => {
  const event = httpEvent({ method: 'POST', region, imageId: targetId, token, body });
  const handler = functions['import-image'];
  const result = await invoke(run, 'import-image', () => handler(event, lambdaContext(29_000)));
  if (result === 'dead') return 'died';
  const { statusCode = 0, headers = {}, body: text = '' } = result as APIGatewayProxyStructuredResultV2;
  return { status: statusCode, headers, body: text, json: {} };
};

/** Who invokes apply-metadata alone gets what it has set, or an error. */
const alone: Start = async (run, functions, { targetId, sourceId, token }) => {
  const source = { glance_region: sourceRegion, glance_image_id: sourceId };
  const input = { token, image_id: targetId, ...source };
  const handler = functions['apply-metadata'];
  try {
    const result = await invoke(run, 'apply-metadata', () => handler(input, lambdaContext(60_000)));
    return result === 'dead' ? 'died' : { status: 200, headers: {}, body: JSON.stringify(result), json: {} };
  } catch (error) {
    return { status: 500, headers: {}, body: String(error), json: {} };
  }
};

/** Who replicates is told a task's id, or an error. */
const byReplication: Start = async (run, _, prepared) => {
  try {
    const result = await invoke(run, 'request-replica', () => requestReplica(prepared));
    return result === 'dead' ? 'died' : { status: 201, headers: {}, body: result.taskId, json: {} };
  } catch (error) {
    const { status, explanation } = asFerryError(error);
    return { status, headers: {}, body: explanation, json: {} };
  }
};

const starts = { alone, 'by request': byRequest, 'by replication': byReplication } as const;

export const startOf = (kind: ImportUnderTest): Start => starts[kind.starts];
