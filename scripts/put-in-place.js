import { rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where builds are made: on the same disk as where they go, so that they can be moved. */
export const workshop = join(dirname(fileURLToPath(import.meta.url)), '..', '.tmp')

/**
 * Puts a finished build in place. Programs that read `target` meanwhile, and another build at the same time,
 * find one whole build or the other: never a mixture.
 */
export async function putInPlace(fresh, target) {
  for (let turn = 0; ; turn += 1) {
    const old = join(workshop, `old-${basename(target)}-${process.pid}-${turn}`)
    try {
      await rename(target, old)
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
    try {
      await rename(fresh, target)
      return
    } catch (error) {
      // Another build was put there in between.
      if (!['ENOTEMPTY', 'EEXIST'].includes(error.code) || turn === 20) throw error
    } finally {
      await rm(old, { recursive: true, force: true })
    }
  }
}
