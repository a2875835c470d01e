/** Every route of the gateway's API, on the state in `db.ts`. */
import { actionHandlers } from "./handlers/actions";
import { agentHandlers } from "./handlers/agents";
import { auditHandlers } from "./handlers/audit";
import { eventHandlers } from "./handlers/events";
import { grantHandlers } from "./handlers/grants";
import { killHandlers } from "./handlers/kills";
import { operatorHandlers } from "./handlers/operators";
import { scanHandlers } from "./handlers/scan";
import { sessionHandlers } from "./handlers/sessions";
import { settingsHandlers } from "./handlers/settings";
import { setupHandlers } from "./handlers/setup";
import { summaryHandlers } from "./handlers/summary";
import { targetHandlers } from "./handlers/targets";
import { vaultHandlers } from "./handlers/vault";

export const handlers = [
  ...setupHandlers,
  ...sessionHandlers,
  ...vaultHandlers,
  ...operatorHandlers,
  ...agentHandlers,
  ...targetHandlers,
  ...grantHandlers,
  ...actionHandlers,
  ...scanHandlers,
  ...killHandlers,
  ...auditHandlers,
  ...settingsHandlers,
  ...summaryHandlers,
  ...eventHandlers,
];
