import { mkdtempSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
// jest maps './x.js' to './x.ts' in tests only, not here.
import { type RedisServer, startRedisServer } from './redis.ts'
import { removeFolder } from './services.ts'

export interface TestRun {
  folder: string
  redis: RedisServer
}

declare global {
  // `var` is what declares a property of globalThis.
  // oxlint-disable-next-line no-var
  var testRun: TestRun | undefined
}

/** One folder and one Redis for the whole run; the workers inherit their names in the environment. */
export default async function globalSetup(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'express-wx-login-'))
  chmodSync(folder, 0o711)
  process.env.TEST_RUN_FOLDER = folder
  const clean = (): void => {
    globalThis.testRun?.redis.kill()
    removeFolder(folder)
  }
  process.once('exit', clean)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      clean()
      process.kill(process.pid, signal)
    })
  }
  const redis = await startRedisServer()
  process.env.TEST_REDIS_URL = redis.url
  globalThis.testRun = { folder, redis }
}
