import type { Task } from '../../state/task.ts';

/** A task as Glance's GET /v2/images/{id}/tasks shows it (images.py, _format_task_info). */
export type TaskView = Readonly<Record<string, unknown>>;

export const taskView = (task: Task): TaskView => ({
  id: task.taskId,
  type: 'api_image_import',
  status: task.status,
  owner: task.owner,
  expires_at: task.expiresAt ?? null,
  created_at: task.createdAt,
  updated_at: task.updatedAt,
  deleted_at: null,
  deleted: false,
  image_id: task.imageId,
  request_id: task.requestId,
  user_id: task.userId,
  // A Glance with one store writes `[null]` here.
  input: { image_id: task.imageId, import_req: task.importRequest, backend: [null] },
  result: task.status === 'success' ? { image_id: task.imageId } : null,
  message: task.message,
});
