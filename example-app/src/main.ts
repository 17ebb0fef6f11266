import { WxLoginError } from 'express-wx-login'
import { banner } from './banner.js'
import { type Config, ConfigError, readConfig } from './config.js'
import { createLogger, type Log } from './logger.js'
import { type RunningServer, startServer } from './server.js'

// One Ctrl-C under `npm start` arrives several times: from the terminal and from each npm on the way.
const echoTime = 500

async function main(): Promise<void> {
  const config = configOrExit()
  const log = createLogger(config.logLevel)

  // Whoever read the output may go; the server stays.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  // Whatever nobody caught left the process in a state nobody knows.
  process.on('uncaughtException', (error) => die(log, error))
  process.on('unhandledRejection', (error) => die(log, error))

  const starting = startServer(config, log)
  stopOnSignal(starting, log)
  const server = await starting.catch((error: unknown) => die(log, error))
  process.stdout.write(`${banner(server.status, process.stdout.isTTY && !process.env.NO_COLOR)}\n`)
  server.failed.catch((error: unknown) => die(log, error))
}

function configOrExit(): Config {
  try {
    return readConfig(process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    console.error(error.message)
    process.exit(1)
  }
}

function die(log: Log, error: unknown): never {
  // A mistake in the configuration needs no stack, but a sentence: ours or the plugin's.
  const mistake =
    error instanceof ConfigError || (WxLoginError.is(error) && error.code === 'WX_APP_CONFIG')
  if (mistake) console.error(error.message)
  else log.fatal({ err: error }, 'stopped by an error')
  process.exit(1)
}

/** The first SIGTERM or SIGINT stops in order, a second one at once. */
function stopOnSignal(starting: Promise<RunningServer>, log: Log): void {
  let stoppingSince: number | undefined
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (stoppingSince !== undefined) {
      if (performance.now() - stoppingSince < echoTime) return
      log.warn({ signal }, 'stopped at once')
      process.exit(1)
    }
    stoppingSince = performance.now()
    log.info({ signal }, 'stopping: finishing what is in flight')
    const server = await starting
    const cut = await server.close()
    if (cut > 0) log.warn({ requests: cut }, 'requests were cut: they took too long')
    log.info('stopped')
    process.exit(cut > 0 ? 1 : 0)
  }
  process.on('SIGTERM', (signal) => void stop(signal))
  process.on('SIGINT', (signal) => void stop(signal))
}

await main()
