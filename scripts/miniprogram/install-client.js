import { cp, mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { putInPlace, workshop } from '../put-in-place.js'

/**
 * Puts the built client where WeChat DevTools would put it with 构建 npm, so that the example's mini program opens
 * without it.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const built = join(root, 'client/miniprogram_dist')
const packages = join(root, 'example-app/miniprogram/miniprogram_npm')
const fresh = join(workshop, `miniprogram-npm-${process.pid}`)

await mkdir(workshop, { recursive: true })
try {
  await cp(built, fresh, { recursive: true })
  await mkdir(packages, { recursive: true })
  await putInPlace(fresh, join(packages, 'wx-login-client'))
} finally {
  await rm(fresh, { recursive: true, force: true })
}
