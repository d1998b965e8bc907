declare module 'dynalite' {
  import type { Server } from 'node:http';

  export interface DynaliteOptions {
    /** How long a table stays in CREATING, in ms. */
    readonly createTableMs?: number;
  }

  /** An HTTP server that speaks DynamoDB and keeps tables in memory. */
  export default function dynalite(options?: DynaliteOptions): Server;
}
