import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { patienceOf } from '../../lib/aws/patience.ts';
import { putEvent } from '../../lib/aws/put-event.ts';
import { serviceError } from '../../lib/aws/service-error.ts';
import { asFerryError } from '../../lib/errors.ts';
import { parsePublished, publishedDetailType } from '../../lib/replication/event/image-published.ts';
import { type ExitCode, exitCodes } from '../call/exit-codes.ts';
import { openHere, sourceRegionOf } from '../call/here.ts';
import { type Io, WrongUse } from '../call/io.ts';
import type { CommonOptions } from '../call/options.ts';
import { findImage } from '../images/find-image.ts';

export interface PublishOptions extends CommonOptions {
  readonly to?: readonly string[];
  readonly policy?: string;
  readonly from?: string;
  readonly eventBus?: string;
  readonly queueUrl?: string;
}

/** Somebody waits. */
const patience = patienceOf({ silenceMs: 10_000, maxAttempts: 3 });

const sendToBus = (bus: string, detail: object): Promise<void> =>
  putEvent(new EventBridgeClient(patience), bus, { type: publishedDetailType, detail });

const sendToQueue = async (queueUrl: string, event: object): Promise<void> => {
  const message = { QueueUrl: queueUrl, MessageBody: JSON.stringify(event) };
  await new SQSClient(patience).send(new SendMessageCommand(message)).catch((error: unknown) => {
    throw serviceError(`send a message to queue ${queueUrl}`, error);
  });
};

/** @throws WrongUse unless it is said where to, and by one of both */
const wantedOf = ({ to, policy }: PublishOptions): object => {
  if (to && policy === undefined) return { targets: to.map((region) => ({ region })) };
  if (policy !== undefined && !to) return { policy };
  throw new WrongUse('Where is the image to be? --to REGIONS says it, or --policy NAME');
};

/** @throws WrongUse for what the deployment would make a dead letter of, and why */
const requirePublished = (event: object): void => {
  try {
    parsePublished(event);
  } catch (error) {
    throw new WrongUse(asFerryError(error).explanation);
  }
};

/**
 * Sends the event "Image Published", with AWS's own credentials: the deployment replicates the image, with its own rights.
 * @throws WrongUse, FerryError
 */
export const publish = async (
  io: Io,
  options: PublishOptions,
  [named = '']: readonly string[],
): Promise<ExitCode> => {
  const wanted = wantedOf(options);
  const here = await openHere(io, options);
  const from = await here.clouds.region(sourceRegionOf(here, options), io);
  const { id } = await findImage(from, named, io);
  const event = { source: { region: from.region, image_id: id }, ...wanted };
  requirePublished(event);
  const bus = options.eventBus || io.env['EVENT_BUS_NAME'] || 'default';
  await (options.queueUrl === undefined ? sendToBus(bus, event) : sendToQueue(options.queueUrl, event));
  io.stdout.write(
    options.json ? `${JSON.stringify(event)}\n` : `Published image ${id} of region ${from.region}\n`,
  );
  return exitCodes.all;
};
