// The emulated AWS in a thread of its own, where its work is not counted as the functions'. See aws-elsewhere.ts.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { type StartAwsOptions, startAws } from '../cloud/aws/aws.ts';

if (!parentPort) throw new Error('aws-thread.ts is a thread of aws-elsewhere.ts');
const { endpoints, env, queues, tableName, bucketName, stop } = await startAws(workerData as StartAwsOptions);
parentPort.postMessage({ endpoints, env, queues, tableName, bucketName });
await once(parentPort, 'message');
await stop();
parentPort.close();
