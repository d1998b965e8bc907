import { Logger } from '@aws-lambda-powertools/logger';

/**
 * One JSON line per event. Callers pass ids and numbers, never tokens, request bodies or whole records.
 * The service's name and the level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL.
 */
export const log = new Logger({ serviceName: process.env['POWERTOOLS_SERVICE_NAME'] ?? 'glance-ferry' });

/** A log whose every line names the import: request, task and image id. */
export const logOf = (task: {
  readonly requestId: string;
  readonly id: string;
  readonly imageId: string;
}): Logger => {
  const named = log.createChild();
  // Appended, since a child takes over what others have appended to the log, and that comes before what is persistent.
  named.appendKeys({ request_id: task.requestId, task_id: task.id, image_id: task.imageId });
  return named;
};

/** A log whose every line names the copy. */
export const logOfCopy = (copy: { readonly copyId: string; readonly generation: string }): Logger => {
  const named = log.createChild();
  named.appendKeys({ copy_id: copy.copyId, generation: copy.generation });
  return named;
};
