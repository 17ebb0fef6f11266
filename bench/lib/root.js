import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Folder of the benchmarks. */
export const benchFolder = join(dirname(fileURLToPath(import.meta.url)), '..')
/** Folder of the package. */
export const rootFolder = join(benchFolder, '..')

/**
 * Loads what the package itself runs with. Some alternatives bring an express-session of their own into
 * bench/node_modules, where a plain import would find it first.
 */
const fromRoot = createRequire(join(rootFolder, 'package.json'))

/** @type {import('express')} */
export const express = fromRoot('express')
/** @type {import('express-session')} */
export const expressSession = fromRoot('express-session')
/** @type {import('connect-redis')} */
export const { RedisStore } = fromRoot('connect-redis')
/** @type {import('redis')} */
export const redis = fromRoot('redis')

/**
 * @param {string} name - of an installed package
 * @param {'root' | 'bench'} where - which of the two node_modules is looked into first
 * @returns {string}
 */
export function versionOf(name, where = 'root') {
  const require = where === 'root' ? fromRoot : createRequire(join(benchFolder, 'package.json'))
  const folders = require.resolve.paths(name) ?? []
  for (const folder of folders) {
    try {
      return require(join(folder, name, 'package.json')).version
    } catch {
      continue
    }
  }
  return 'not installed'
}
