import { log } from '../lib/log.ts';
import { stopOnSignals } from '../lib/stop-on-signals.ts';
import { createHandOn } from './hand-on.ts';
import { createHandler } from './handle.ts';
import { type Health, startHealth } from './health.ts';
import { listen } from './listen.ts';
import { loadBridgeSettings } from './settings.ts';

// Glance's notifications become requests to replicate: `node bridge/bridge.ts`, one process for each broker.

const stopping = stopOnSignals('bridge');
const settings = loadBridgeSettings(process.env);
const health: Health = { isListening: false, isBound: false, reason: 'It has not been connected yet' };
const handOn = await createHandOn(settings);
const handle = createHandler({
  region: settings.OS_REGION_NAME,
  rules: settings,
  windowMs: settings.BRIDGE_DEDUPE_S * 1000,
  handOn,
  stopping,
});
const { BRIDGE_HEALTH_HOST: host, BRIDGE_HEALTH_PORT: port } = settings;
if (port !== undefined) await startHealth(health, host, port);
log.info('bridge starts', { region: settings.OS_REGION_NAME, queue: settings.BRIDGE_QUEUE });
await listen({
  url: settings.RABBITMQ_URL,
  hosts: settings.RABBITMQ_HOSTS,
  names: {
    exchange: settings.BRIDGE_EXCHANGE,
    isExchangeDurable: settings.BRIDGE_EXCHANGE_DURABLE,
    queue: settings.BRIDGE_QUEUE,
    topics: settings.BRIDGE_TOPICS,
  },
  prefetch: settings.BRIDGE_PREFETCH,
  handle,
  health,
  stopping,
});
log.info('bridge has stopped');
process.exit(0);
