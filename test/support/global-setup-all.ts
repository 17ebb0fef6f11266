import globalSetup from './global-setup.ts'
import { ensureChromium, ensureMariaDb, ensurePostgres } from './services.ts'

/** The same with PostgreSQL, MariaDB and Chromium. */
export default async function globalSetupAll(): Promise<void> {
  await globalSetup()
  // Installed before the clock of any test runs; a test that needs it says how where that is not possible.
  await ensurePostgres().catch(() => undefined)
  await ensureMariaDb().catch(() => undefined)
  await ensureChromium().catch(() => undefined)
}
