import { setTimeout as delay } from 'node:timers/promises';

export interface Task {
  readonly id: string;
  readonly status: 'pending' | 'processing' | 'success' | 'failure';
  readonly message: string;
}

const json = { 'content-type': 'application/json' };

/** Where our HTTP API serves a region that is not the deployment's own: what a catalog would list as its image service. */
export const regionUrl = (url: string, region: string): string =>
  `${url}/regions/${encodeURIComponent(region)}`;

/** Our HTTP API as its user sees it. @param url of the deployment, or of one of its regions */
export function ferryClient(url: string, token: string) {
  const headers = { 'x-auth-token': token };

  async function lastTask(imageId: string): Promise<Task | undefined> {
    const answer = await fetch(`${url}/v2/images/${imageId}/tasks`, { headers });
    if (!answer.ok)
      throw new Error(`the list of tasks was answered ${answer.status}: ${await answer.text()}`);
    return ((await answer.json()) as { tasks: Task[] }).tasks.at(-1);
  }

  return {
    /** @throws Error with what was answered, if it is not accepted */
    async importImage(imageId: string, method: Readonly<Record<string, string>>): Promise<Response> {
      const body = JSON.stringify({ method });
      const answer = await fetch(`${url}/v2/images/${imageId}/import`, {
        method: 'POST',
        headers: { ...headers, ...json },
        body,
      });
      if (answer.ok) return answer;
      throw new Error(`the import was answered ${answer.status}: ${await answer.text()}`);
    },

    /** The tasks' answers until the last one has ended. */
    async *progress(imageId: string, everyMs = 200): AsyncGenerator<Task> {
      for (;;) {
        const task = await lastTask(imageId);
        if (task) yield task;
        if (task?.status === 'success' || task?.status === 'failure') return;
        await delay(everyMs);
      }
    },
  };
}
