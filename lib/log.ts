import { Logger } from '@aws-lambda-powertools/logger';

/**
 * One JSON line per event. Callers pass ids and numbers, never tokens, request bodies or whole records.
 * The service's name and the level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL.
 */
export const log = new Logger({ serviceName: process.env['POWERTOOLS_SERVICE_NAME'] ?? 'glance-ferry' });
