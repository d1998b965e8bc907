// Types of bridge-validators.js, which `npm run build` writes (see compile.ts).
import type { BridgeSettings, Envelope, NotificationMessage, NotifiedImage } from './bridge.ts';
import type { Validator } from './validators.d.ts';

export const isBridgeSettings: Validator<BridgeSettings>;
export const isEnvelope: Validator<Envelope>;
export const isNotificationMessage: Validator<NotificationMessage>;
export const isNotifiedImage: Validator<NotifiedImage>;
