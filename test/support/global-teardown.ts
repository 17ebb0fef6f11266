import './global-setup.ts'
import { removeFolder } from './services.ts'

export default async function globalTeardown(): Promise<void> {
  await globalThis.testRun?.redis.stop()
  if (globalThis.testRun) removeFolder(globalThis.testRun.folder)
}
