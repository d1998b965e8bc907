import { startS3 } from '../cloud/aws/s3/server.ts';

// The emulated S3 in a process of its own, over the directory it is given. It ends with whoever started it.

const [dataDir = ''] = process.argv.slice(2);
const { endpoint } = await startS3({ dataDir, port: 0 });
process.send?.(endpoint);
process.on('disconnect', () => process.exit(0));
