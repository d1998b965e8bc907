import { Logger } from '@aws-lambda-powertools/logger';

/**
 * One JSON line per event. Callers pass ids and numbers, never tokens, request bodies or whole records.
 * The service's name and the level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL.
 */
export const log = new Logger({ serviceName: process.env['POWERTOOLS_SERVICE_NAME'] ?? 'glance-ferry' });

/** A log whose every line names the import: the request, the task, the image, and the region that it is in. */
export const logOf = (task: {
  readonly requestId: string;
  readonly region: string;
  readonly imageId: string;
  readonly taskId: string;
}): Logger => {
  const { requestId, region, imageId, taskId } = task;
  const named = log.createChild();
  // Appended, since a child takes over what others have appended to the log, and that comes before what is persistent.
  named.appendKeys({ request_id: requestId, region, image_id: imageId, task_id: taskId });
  return named;
};

/** A log whose every line names the copy. */
export const logOfCopy = (copy: { readonly copyId: string; readonly generation: string }): Logger => {
  const named = log.createChild();
  named.appendKeys({ copy_id: copy.copyId, generation: copy.generation });
  return named;
};
