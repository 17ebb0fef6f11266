import { endpoints } from '../endpoints/index.js'
import { errcodeMeanings } from '../errcode-meanings.js'
import { packageFolder } from '../package-folder.js'
import type { SandboxConfig } from '../wire/types.js'
import type { Controlled } from './types.js'

/** What the page has to know before it shows anything. */
export const describeConfig = ({ world, target, store }: Controlled): SandboxConfig => ({
  version: packageFolder()?.version ?? '',
  appid: world.apps.first.appid,
  apps: world.apps.all.map(({ appid }) => ({ appid })),
  target: target(),
  store: store()?.kind ?? null,
  now: world.clock.now(),
  errcodes: errcodeMeanings,
  endpoints: [...endpoints.keys()],
})
