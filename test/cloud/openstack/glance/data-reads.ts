import type { ServerResponse } from 'node:http';
import type { Caller } from './access.ts';
import type { ByteRange } from './range.ts';

/** One GET of an image's data that was granted. */
export interface DataRead {
  readonly user: string;
  /** Name of the token's project. */
  readonly project: string | undefined;
  /** All of the image where no range was asked for. */
  readonly asked: ByteRange;
  /** What has been sent of it, as yet or in the end; what a client that went away had not read of that is among it. */
  readonly given: ByteRange;
}

/** The answer to a read, which is about to be sent. */
export interface ReadUnderWay {
  /** Counts from here on what the connection takes: nothing is done for each piece. */
  bodyBegins(outgoing: ServerResponse): void;
}

export interface DataReads {
  add(imageId: string, by: Caller, asked: ByteRange): ReadUnderWay;
  /** In the order in which they were asked for. */
  of(imageId: string): readonly DataRead[];
  clear(): void;
}

export function dataReads(): DataReads {
  const reads = new Map<string, DataRead[]>();
  return {
    add(imageId, by, asked) {
      let bytes = (): number => 0;
      const read: DataRead = {
        ...{ user: by.userName, project: by.project?.name, asked },
        // Not spread: it is looked at when somebody asks.
        get given() {
          return { start: asked.start, end: asked.start + bytes() };
        },
      };
      const ofImage = reads.get(imageId) ?? [];
      ofImage.push(read);
      reads.set(imageId, ofImage);
      return {
        bodyBegins(outgoing) {
          const { socket } = outgoing;
          const before = socket?.bytesWritten ?? 0;
          bytes = () => (socket?.bytesWritten ?? 0) - before;
          // The connection's next answer is another one's.
          outgoing.once('close', () => {
            const inTheEnd = bytes();
            bytes = () => inTheEnd;
          });
        },
      };
    },
    of: (imageId) => reads.get(imageId) ?? [],
    clear: () => reads.clear(),
  };
}
