import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { here } from '../here.js'

/** Where this package lies and which one it is. */
export interface PackageFolder {
  readonly folder: string
  readonly version: string
}

/** Looks upwards for our package.json: there is another one beside the code. */
export function findPackage(from: string): PackageFolder | undefined {
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    try {
      const text = readFileSync(join(folder, 'package.json'), 'utf8')
      const { name, version } = JSON.parse(text) as { name?: string; version: string }
      if (name === 'express-wx-login') return { folder, version }
    } catch {
      // None here.
    }
    if (dirname(folder) === folder) return undefined
  }
}

let found: PackageFolder | undefined

/** Undefined where somebody put this code into a bundle of their own. */
export function packageFolder(): PackageFolder | undefined {
  found ??= findPackage(here)
  return found
}
