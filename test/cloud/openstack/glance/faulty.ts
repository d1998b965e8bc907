import { reset, stalled } from './bend.ts';
import { titleOf } from './error-body.ts';
import { GlanceError } from './errors.ts';
import type { Faults, FaultyOperation } from './faults.ts';
import type { Answer, GlanceRequest, Handler } from './request.ts';

/** A handler that goes wrong as often as the test has asked for its image. */
export function withFaults(faults: Faults, on: FaultyOperation, handler: Handler): Handler {
  return async (request) => {
    const fault = faults.take(request.param('image'), on);
    if (!fault) return handler(request);
    switch (fault.kind) {
      case 'status':
        throw new GlanceError(fault.status, titleOf(fault.status), '', fault.headers);
      case 'lose-answer':
        return loseAnswer(request, handler);
      case 'stale':
        return outdated(await handler(request), fault.record);
      default:
        return on === 'get-file' || on === 'put-file'
          ? handler({ ...request, fault })
          : breakConnection(request, fault.kind);
    }
  };
}

async function loseAnswer(request: GlanceRequest, handler: Handler): Promise<Answer> {
  await handler(request);
  return reset(request.outgoing);
}

const outdated = (answer: Answer, record: object): Answer =>
  answer.json ? { ...answer, json: { ...answer.json, ...record } } : answer;

/** Small answers are not cut in the middle: they do not come at all. */
async function breakConnection({ outgoing }: GlanceRequest, kind: string): Promise<Answer> {
  return kind === 'stall-after' ? stalled(outgoing.socket) : reset(outgoing);
}
